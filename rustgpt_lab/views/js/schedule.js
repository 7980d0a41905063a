// A learning-rate schedule to be drawn by its two corners, and the Python that makes it.
import { el, number, stage, widthOf } from "./lab.js";
import { tallest } from "./grid.js";
import { nameAt, plane } from "./plane.js";
import { code, possible, warmupCosine } from "./schedules.js";

const ROOM = 1.28; // the picture's height, in full rates: above the top stands the name of the axis

/**
 * What schedule.py sends: the steps of the run, the full rate, and the schedule to begin with.
 * @typedef {{ last: number, learning_rate: number, schedule: import("./schedules.js").Schedule }} Data
 */

/** @param {import("./lab.js").Card<Data>} card */
function render({ model, el: root }) {
  const lab = stage(model, root, "Drag the top to change the warm-up, and the end to change the decay and what is "
    + "left; or give one the focus, and use the arrow keys.");
  const { last, learning_rate: rate, schedule } = model.get("data"); // plain numbers, which nothing changes
  let chosen = schedule;
  const picture = plane(lab.picture, "The share of the rate over the steps, with two corners to drag", (i, at) => {
    chosen = possible(i ? { ...chosen, steps: at[0], floor: at[1] } : { ...chosen, warmup: at[0] }, last);
    tell();
    lab.redraw();
  });
  const written = el("code", { class: "rl-code" });
  lab.picture.append(written);
  picture.node.numbers = () => [["step", "share", "rate"], ...Array.from({ length: last }, (_, i) => {
    const share = warmupCosine(chosen, i + 1);
    return [i + 1, share, rate * share];
  })];

  function tell() {
    const { warmup, steps, floor } = chosen;
    const full = number(rate);
    const climb = warmup ? `The rate climbs to ${full} at step ${warmup}` : `The rate begins at ${full}`;
    lab.say(`${climb}, falls to ${number(rate * floor)} at step ${steps}, and stays there.`);
    written.textContent = `schedule=${code(chosen)}`;
  }

  lab.onDraw((theme) => {
    const width = Math.max(widthOf(lab.picture), 240);
    const size = { width, height: Math.min(0.45 * width, 0.9 * tallest(lab.picture)) };
    const { warmup, steps, floor } = chosen;
    picture.draw(theme, {
      box: [-0.04 * last, 1.04 * last, -0.1, ROOM], ...size, axes: ["step", "share of the rate"], step: [1, 0.01],
      points: [{ name: "The top, the end of the warm-up", at: [warmup, 1], colour: theme.accent },
        { name: "The end of the decay", at: [steps, floor], colour: theme.accent }],
      below(x, y) {
        const shares = Array.from({ length: last }, (_, i) => [i + 1, warmupCosine(chosen, i + 1)]);
        const points = shares.map(([s, v]) => `${x(s).toFixed(1)},${y(v).toFixed(1)}`).join(" ");
        return [
          el("polyline", { points, fill: "none", stroke: theme.accent, "stroke-width": 3, "stroke-linejoin": "round" }),
          nameAt([x(warmup), y(1)], `full rate, from step ${warmup}`, size),
          nameAt([x(steps), y(floor) - 16], `${number(100 * floor, 3)} % from step ${steps}`, size),
        ];
      },
    });
  });
  lab.onData(() => tell());
  return () => lab.close();
}

export default { render };
