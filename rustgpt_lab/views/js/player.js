// A button that moves a slider to its end, step by step.
import { button } from "./lab.js";

const PACE = 700; // milliseconds a step

/** Plays `control` up to `last()`, from the start again if it is there; `tell()` is called at the end. */
export function player(lab, control, last, tell) {
  let playing = 0;
  const node = button(lab, "Play", () => (playing ? halt() : start()));
  function start() {
    if (control.value === last()) control.value = 0;
    node.textContent = "Pause";
    playing = setInterval(() => {
      control.value += 1;
      if (control.value >= last()) { halt(); tell(); }
      lab.redraw();
    }, PACE);
  }
  function halt() {
    clearInterval(playing);
    playing = 0;
    node.textContent = "Play";
  }
  return { halt };
}
