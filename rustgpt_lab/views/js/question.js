// A question: a button for each choice, a slider for how sure one is. Answering opens what answers it below.
import { button, el, slider, stage, textBox } from "./lab.js";

/**
 * What is asked, what was answered, and whether that may still change.
 * @typedef {{ id: string, choices: Record<string, string>, choice: string, confidence: number, why: string,
 *   open: boolean, asked: string }} Data
 */

/** `x + 1` between backticks becomes code. @param {string} text */
const coded = (text) => text.split("`").map((part, i) => (i % 2 ? el("code", {}, part) : part));

const WHY = "Why? In a line, if you like";

/** What is folded until the question is answered. @param {string} id */
const answers = (id) => `.rl-answer-${id.replace(".", "-")}`;

/**
 * Open what stands folded in the cells from this card to the last that answers it: code, outputs, and answers.
 * @param {HTMLElement} root @param {string} id
 */
function unfold(root, id) {
  const answer = answers(id);
  const cells = [...(root.closest(".jp-Notebook")?.querySelectorAll(".jp-Cell") ?? [])];
  const later = cells.slice(cells.findIndex((cell) => cell.contains(root)) + 1);
  const next = later.findIndex((cell) => cell.querySelector(".rl-answers"));
  const ours = later.slice(0, next < 0 ? later.length : next);
  for (const cell of ours.slice(0, ours.findLastIndex((each) => each.querySelector(answer)) + 1)) {
    const dots = /** @type {NodeListOf<HTMLElement>} */ (
      cell.querySelectorAll(".jp-InputPlaceholder, .jp-OutputPlaceholder"));
    dots.forEach((each) => each.click());
    const details = /** @type {NodeListOf<HTMLDetailsElement>} */ (cell.querySelectorAll(answer));
    details.forEach((each) => { each.open = true; });
  }
}

/** @param {import("./lab.js").Card<Data>} card */
function render({ model, el: root }) {
  const lab = stage(model, root);
  lab.needsKernel();
  const { id, choices, asked } = model.get("data");
  const name = `rl-${Math.random().toString(36).slice(2)}`;
  const inputs = Object.keys(choices).map((value) =>
    el("input", { type: "radio", name, value, "data-lm-suppress-shortcuts": "true" }));
  const buttons = el("div", { class: "rl-answers", role: "radiogroup", "aria-label": `Your answer to ${id}` },
    ...inputs.map((input) => el("label", {}, input,
      el("span", {}, el("strong", {}, input.value), el("div", {}, ...coded(choices[input.value]))))));
  lab.controls.append(...(asked ? [el("p", { class: "rl-asked" }, ...coded(asked))] : []), buttons);
  const sure = slider(lab, "How sure are you?", { max: 100, value: 50, show: (value) => `${value} %` });
  const why = textBox(lab, WHY, {});
  const fields = [...inputs, ...[sure, why].flatMap(({ node }) => [...node.querySelectorAll("input")])];
  const chosen = () => inputs.find((input) => input.checked);
  const keep = button(lab, "Keep my answer", () =>
    lab.ask({ choice: chosen()?.value, confidence: sure.value, why: why.value }));
  buttons.addEventListener("input", () => { keep.disabled = false; });

  // Who opens the truth first may still answer, but that is no prediction.
  const opened = () => {
    const open = document.querySelector(`details${answers(id)}[open]`);
    if (open && !model.get("data").choice) lab.ask({ opened: true });
  };
  document.addEventListener("toggle", opened, true);
  opened();

  lab.onData((data) => {
    inputs.forEach((input) => { input.checked = input.value === data.choice; });
    sure.value = data.confidence;
    why.value = data.why;
    why.node.hidden = !data.open && !data.why;
    keep.disabled = !data.open || !data.choice;
    for (const field of fields) field.disabled = !data.open;
    // What is to be opened may lie in cells that Lab has not put into the page yet: wait until it is at rest.
    if (data.choice) setTimeout(() => unfold(root, id));
  });
  return () => {
    document.removeEventListener("toggle", opened, true);
    lab.close();
  };
}

export default { render };
