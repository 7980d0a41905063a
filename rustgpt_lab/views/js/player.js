// A slider over steps, with buttons that go back, go on, and play.
import { button, slider } from "./lab.js";

/**
 * As `slider`, from 0 to `max`; `pause` is how many milliseconds a step lasts while it plays. It plays from where it
 * is, from the start if it is at the end.
 * @param {import("./lab.js").Lab} lab @param {string} label
 * @param {{ max: number, value?: number, show?: (value: number) => string, onInput?: (value: number) => void,
 *   pause?: number }} options
 */
export function player(lab, label, { max, value, show, onInput = () => {}, pause = 400 }) {
  let [last, timer] = [max, 0];
  const steps = slider(lab, label, { max, value, show, onInput: (v) => { halt(); onInput(v); } });
  const go = (/** @type {number} */ to) => {
    steps.value = Math.min(Math.max(to, 0), last);
    onInput(steps.value);
    lab.redraw();
  };
  const by = (/** @type {number} */ change) => () => { halt(); go(steps.value + change); };
  button(lab, "Back", by(-1));
  button(lab, "Next", by(1));
  const play = button(lab, "Play", () => {
    if (timer) { halt(); return; }
    play.textContent = "Pause";
    if (steps.value >= last) go(0);
    timer = setInterval(() => {
      if (lab.root.isConnected) go(steps.value + 1);
      if (steps.value >= last || !lab.root.isConnected) halt();
    }, pause);
  });
  function halt() {
    clearInterval(timer);
    timer = 0;
    play.textContent = "Play";
  }
  return {
    halt, go,
    get value() { return steps.value; },
    set value(v) { halt(); steps.value = v; },
    set max(/** @type {number} */ m) { last = m; steps.max = m; },
  };
}
