// The sliders of a strategy: temperature, top-k, top-p, and where it is asked for the repetition penalty.
import { slider } from "./lab.js";

const TEMPERATURES = Array.from({ length: 21 }, (_, i) => i / 10);
const TOP_K = [1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 50, 100, null];
const TOP_P = [0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.99, null];
const PENALTIES = [1, 1.1, 1.2, 1.3, 1.5, 1.75, 2, 3, 5, 10];

/** @typedef {import("./chance.js").Strategy} Strategy */
/** @typedef {number | null} Value of a slider: null is no limit */

/** The place of the value that is nearest to one; null is the last. @param {Value[]} values @param {Value} value */
function nearest(values, value) {
  if (value === null) return values.length - 1;
  const far = values.map((other) => (other === null ? Infinity : Math.abs(other - value)));
  return far.indexOf(Math.min(...far));
}

/**
 * `value` is { temperature, top_k, top_p } and, with `penalty`, { repetition_penalty }, as in Python's `Sampling`.
 * @param {import("./lab.js").Lab} lab @param {Strategy} start
 * @param {{ penalty?: boolean, onInput?: () => void }} [options]
 */
export function strategyOf(lab, start, { penalty = false, onInput = () => {} } = {}) {
  /** @type {[name: keyof Strategy, label: string, values: Value[], show: (value: Value) => string][]} */
  const all = [
    ["temperature", "Temperature", TEMPERATURES, (t) => (t ? t.toFixed(1) : "0: greedy")],
    ["top_k", "Top-k", TOP_K, (k) => String(k ?? "all words")],
    ["top_p", "Top-p", TOP_P, (p) => String(p ?? "all words")],
    ["repetition_penalty", "Repetition penalty", PENALTIES, (r) => (r === 1 ? "none" : String(r))],
  ];
  const rows = all.filter(([name]) => penalty || name !== "repetition_penalty");
  /** @type {Partial<Record<keyof Strategy, Value>>} */
  const chosen = { ...start };
  const sliders = rows.map(([name, label, values, show]) => {
    const control = slider(lab, label, { max: values.length - 1, value: nearest(values, start[name] ?? null),
      show: (i) => show(values[i]),
      onInput: (i) => { chosen[name] = values[i]; onInput(); } });
    control.node.classList.add("rl-setting");
    return { name, control, values };
  });
  return {
    get value() { return /** @type {Strategy} */ (Object.fromEntries(rows.map(([name]) => [name, chosen[name]]))); },
    set value(next) {
      for (const { name, control, values } of sliders) {
        const value = next[name] ?? null;
        chosen[name] = value;
        control.value = nearest(values, value);
      }
    },
  };
}
