// Type a text, see its tokens and their ids; words that the vocabulary lacks are lost. All of it in the browser.
import { el, stage, textBox } from "./lab.js";
import { tokenize } from "./tokenizer.js";

function render({ model, el: root }) {
  const lab = stage(model, root,
    "Type a text: it is cut while you type. A struck word is not in the vocabulary, and is lost.");
  let ids = new Map();
  const text = textBox(lab, "Text", { onInput: () => tell() });
  const list = el("ol", { class: "rl-tokens", "aria-label": "Tokens" });
  lab.picture.append(list);

  function tell() {
    const words = tokenize(text.value);
    const lost = words.filter((word) => !ids.has(word));
    const count = (n, noun) => `${n} ${noun}${n === 1 ? "" : "s"}`;
    const end = lost.length ? `the model never sees ${lost.map((word) => `“${word}”`).join(", ")}.` : "none is lost.";
    lab.say(`${count(words.length, "token")}; ${end}`);
  }
  function chip(word) {
    const id = ids.get(word);
    if (id === undefined) {
      return el("li", { class: "rl-token rl-lost" }, el("s", {}, word), el("small", {}, "lost"));
    }
    return el("li", { class: "rl-token" }, el("span", {}, word), el("small", {}, String(id)));
  }

  lab.onData((data) => {
    ids = new Map(data.words.map((word, id) => [word, id]));
    text.value = data.text;
  });
  lab.onDraw(() => list.replaceChildren(...tokenize(text.value).map(chip)));
  return lab.close;
}

export default { render };
