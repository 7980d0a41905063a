// The losses of several runs in one picture, and a table of what they were told differently.
import { el, number, slider, stage, toggle } from "./lab.js";
import { lineChart } from "./chart.js";
import { tallest } from "./grid.js";
import { apart, smooth } from "./scale.js";

const [TOP, RIGHT, PITCH] = [10, 12, 20]; // of lineChart: where it begins, and what it leaves free; of names
const BETA = 0.8;

function render({ model, el: root }) {
  const lab = stage(model, root, "Move the slider, or click the picture, to compare a step; smooth lines show trends.");
  let data;
  const step = slider(lab, "Step", { max: 1, show: (i) => String(i + 1), onInput: () => tell() });
  const average = toggle(lab, "Smooth", false, () => tell());
  const place = el("div");
  const table = el("table", { class: "rl-found" });
  const same = el("p", { class: "rl-caption" });
  lab.picture.append(place, table, same);
  const chart = lineChart(place, "The loss of each run over the steps", (i) => {
    step.value = i;
    tell();
    lab.redraw();
  });

  const values = (r) => Array.from({ length: data.losses.shape[1] }, (_, i) => data.losses.at(r, i));
  function lines() {
    return data.names.map((name, r) => {
      const own = values(r);
      const known = own.filter(Number.isFinite).length;
      return { name, values: average.value ? [...smooth(own.slice(0, known), BETA), ...own.slice(known)] : own };
    });
  }
  function tell() {
    const said = lines().map(({ name, values: v }) => {
      const loss = v[step.value];
      return `${name}: ${Number.isNaN(loss) ? "it has ended" : number(loss, 3)}`;
    });
    lab.say(`Step ${step.value + 1}${average.value ? ", averaged over the steps before" : ""}. ${said.join("; ")}.`);
  }
  function names(series, low, high, tall) {
    const width = Math.max(place.clientWidth, 240);
    const ends = series.map(({ name, colour, values: v }) => {
      const loss = v.findLast((l) => Number.isFinite(l) && l > 0) ?? low;
      const share = (Math.log(loss) - Math.log(low)) / (Math.log(high) - Math.log(low));
      return { name, colour, at: TOP + tall * (1 - share) };
    });
    const heights = apart(ends.map(({ at }) => at - 12), PITCH, TOP + 6, TOP + tall - 6);
    return ends.map(({ name, colour }, r) => el("text", { x: width - RIGHT, y: heights[r], "text-anchor": "end",
      "dominant-baseline": "central", class: "rl-word rl-outlined", style: `fill:${colour}` }, name));
  }

  lab.onDraw((theme) => {
    const series = lines().map((one, r) => ({ ...one, colour: theme.categories[r], width: 1.8 }));
    const all = series.flatMap((one) => one.values).filter((l) => Number.isFinite(l) && l > 0);
    const low = all.length ? Math.min(...all) : 1;
    const high = Math.max(...all, 2 * low);
    const tall = Math.min(0.4 * place.clientWidth, 0.6 * tallest(place));
    const steps = series[0].values.map((_, i) => i + 1);
    chart.draw(theme, { steps, series, log: true, low, high, at: step.value, tall });
    place.firstChild.append(...names(series, low, high, tall));
    const cells = (tag, row) => el("tr", {}, ...row.map((cell) => el(tag, {}, cell)));
    table.replaceChildren(el("thead", {}, cells("th", data.headings)),
      el("tbody", {}, ...data.rows.map((row) => cells("td", row))));
  });
  lab.onData((fresh) => {
    data = fresh;
    step.max = data.losses.shape[1] - 1;
    step.value = data.losses.shape[1] - 1;
    const told = Object.entries(data.same).map(([name, value]) => `${name} ${value}`).join(", ");
    same.textContent = told ? `The same for all: ${told}.` : "";
  });
  return () => lab.close();
}

export default { render };
