// Type a text, see its tokens and their ids; words that a vocabulary lacks are lost. Words are cut in the browser, byte
// pairs by the kernel.
import { el, stage, textBox } from "./lab.js";
import { tokenize } from "./tokenizer.js";

/**
 * What tokens.py sends: the vocabulary, with which the card cuts a text by itself, or a text that is cut already.
 * @typedef {{ text: string, words: string[] } | { text: string, words?: undefined, tokens: string[], ids: number[] }}
 *   Data
 */

/** @param {import("./lab.js").Card<Data>} card */
function render({ model, el: root }) {
  const words = model.get("data").words !== undefined;
  const lab = stage(model, root, words
    ? "Type a text: it is cut while you type. A struck word is not in the vocabulary, and is lost."
    : "Type a text: it is cut while you type. ␣ is a space, ⏎ a line's end; parts of a character show their bytes.");
  if (!words) lab.needsKernel();
  let data = model.get("data");
  /** @type {Map<string, number>} */
  let ids = new Map();
  const text = textBox(lab, "Text", { onInput: () => (words ? tell() : lab.ask(text.value)) });
  const list = el("ol", { class: "rl-tokens", dir: "auto", "aria-label": "Tokens" });
  lab.picture.append(list);

  function tell() {
    const found = tokenize(text.value);
    const lost = found.filter((word) => !ids.has(word));
    const count = (/** @type {number} */ n, /** @type {string} */ noun) => `${n} ${noun}${n === 1 ? "" : "s"}`;
    const end = lost.length ? `the model never sees ${lost.map((word) => `“${word}”`).join(", ")}.` : "none is lost.";
    lab.say(`${count(found.length, "token")}; ${end}`);
  }
  /** @param {string} word @param {number} [id] */
  function chip(word, id) {
    if (id === undefined) {
      return el("li", { class: "rl-token rl-lost" }, el("s", {}, word), el("small", {}, "lost"));
    }
    return el("li", { class: "rl-token" }, el("span", {}, word), el("small", {}, String(id)));
  }

  lab.onData((next) => {
    const typed = text.value !== "" && text.value !== next.text && !words;
    data = next;
    if (data.words) ids = new Map(data.words.map((word, id) => [word, id]));
    if (!typed) text.value = data.text; // an answer to what was typed before comes while more is typed
  });
  lab.onDraw(() => {
    const shown = data;
    list.replaceChildren(...(shown.words
      ? tokenize(text.value).map((word) => chip(word, ids.get(word)))
      : shown.tokens.map((token, i) => chip(token, shown.ids[i]))));
  });
  return lab.close;
}

export default { render };
