// A conversation with a model. Answers grow while the kernel generates them; each one's attention is a button away.
import { el, number, share, stage, textBox, toggle } from "./lab.js";
import { render as renderAttention } from "./attention_card.js";
import { strategyOf } from "./strategy.js";
import { alone, answering } from "./model/answering.js";
import { chatOf } from "./model/chat_of.js";

/** @param {import("./lab.js").Card<import("./model/chat_of.js").Chat>} card */
function render({ model: widget, el: root }) {
  const model = answering(widget, chatOf);
  const lab = stage(model, root, "Type a question; Enter sends it, Escape stops the answer. The temperature "
    + "lets chance in, from the next question on; point at a word for its probability.");
  if (!alone(model)) lab.needsKernel();
  let data = model.get("data");
  /** @type {{ suggestions?: string[], strategy: import("./chance.js").Strategy }} */
  const fixed = model.get("fixed");
  /** @type {ReturnType<typeof openAttention>?} */
  let attention = null; // what shows the open one

  const log = el("div", { class: "rl-chat", role: "group", "aria-label": "Conversation", tabindex: 0,
    "data-lm-suppress-shortcuts": "true" });
  const below = el("div", { hidden: true });
  lab.picture.append(log, below);
  const strategy = strategyOf(lab, fixed.strategy);
  const shown = toggle(lab, "Probabilities");
  const writing = () => !data.turns[data.turns.length - 1].done;
  const say = (/** @type {string} */ text) => {
    if (text.trim() && !writing()) lab.ask({ say: text, strategy: strategy.value });
  };
  const box = textBox(lab, "You", { send: "Send", onEnter: say });
  box.node.classList.add("rl-saying");
  log.after(box.node);
  const suggestions = (fixed.suggestions ?? []).map((text) => el("button", { type: "button",
    class: "rl-button", "data-lm-suppress-shortcuts": "true", click: () => say(text) }, text));
  if (suggestions.length) {
    const named = { class: "rl-suggestions", role: "group", "aria-label": "Questions to ask" };
    box.node.after(el("div", named, ...suggestions));
  }
  const send = /** @type {HTMLButtonElement} */ (box.node.querySelector("button"));
  const stop = el("button", { type: "button", class: "rl-button", hidden: true, "data-lm-suppress-shortcuts": "true",
    click: () => lab.ask({ stop: true }) }, "Stop");
  send.after(stop);
  lab.picture.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !writing()) return;
    event.stopPropagation();
    lab.ask({ stop: true });
  });
  /** "Stop" stands where "Send" stood while words come, and takes the focus from it and gives it back. */
  function offer() {
    const [now, before] = writing() ? [stop, send] : [send, stop];
    const focused = document.activeElement === before;
    now.hidden = false;
    before.hidden = true;
    if (focused) now.focus();
    log.setAttribute("aria-busy", String(writing()));
  }

  /**
   * The words of an answer, each with its probability: blue below it, and as a number where that is asked for.
   * @param {string[]} answer @param {number[]} probabilities
   */
  function spoken(answer, probabilities) {
    return answer.map((word, i) => el("span", { class: "rl-spoken", title: number(probabilities[i], 3),
      vary: { p: probabilities[i] } }, word,
    ...(shown.value ? [el("small", {}, share(probabilities[i]) || "<0.01")] : [])));
  }

  /** @param {import("./model/chat_of.js").Turn} turn @param {number} k */
  function turn({ question, unknown, answer, probabilities, how, said, ended, done, stopped }, k) {
    const unread = unknown.length ? `unknown, and not read: ${unknown.join(" ")}` : "";
    const cut = stopped ? "stopped by you" : done && !ended ? "stopped: no room for more words" : "";
    const note = (/** @type {string} */ text) => (text ? [el("p", { class: "rl-caption" }, text)] : []);
    const look = el("button", { type: "button", class: "rl-button", "data-lm-suppress-shortcuts": "true",
      "aria-label": `Attention of answer ${k + 1}`, click: () => lab.ask({ look: k }) }, "Attention");
    return el("div", { class: "rl-turn" },
      el("p", { class: "rl-said rl-question", dir: "auto" }, question),
      ...(how ? [el("p", { class: "rl-how" }, how)] : []),
      ...note(unread),
      el("div", { class: "rl-reply" },
        el("p", { class: "rl-said rl-answer", dir: "auto" },
          ...(said ? spoken(answer, probabilities) : [done ? "(nothing)" : "…"])),
        ...(done ? [look] : []), ...note(cut)));
  }

  /** Show the attention in a card of its own, whose questions go through this view. */
  function openAttention() {
    /** @type {Record<string, () => void>} */
    const heard = {};
    /** @returns {Record<string, any>} */
    const values = () => {
      const packed = model.get("data").attention;
      return { title: "Attention: which word looks at which", data: packed, sentence: packed?.sentence, problem: "" };
    };
    const inner = el("div");
    const shut = el("button", { type: "button", class: "rl-button", "data-lm-suppress-shortcuts": "true",
      click: () => lab.ask({ look: null }) }, "Close the attention");
    below.replaceChildren(el("div", { class: "rl-shut" }, shut), inner);
    below.hidden = false;
    const close = renderAttention({ el: inner, model: {
      get: (/** @type {string} */ name) => values()[name] ?? model.get(name),
      on: (event, listener) => { heard[event] = listener; },
      send: ({ ask }) => lab.ask({ look: ask }),
    } });
    return { close, tell: () => heard["change:data"]() };
  }
  function closeAttention() {
    attention?.close();
    attention = null;
    below.hidden = true;
    below.replaceChildren();
  }

  log.numbers = () => [["turn", "word", "probability"], ...data.turns.flatMap(({ answer, probabilities }, k) =>
    answer.map((word, i) => [k + 1, word, probabilities[i]]))];
  lab.onData((next) => {
    if (next.turns.length > data.turns.length) box.value = "";
    data = next;
    offer();
    if (!data.attention) closeAttention();
    else if (attention) attention.tell();
    else attention = openAttention();
  });
  lab.onDraw(() => {
    log.replaceChildren(...data.turns.map(turn));
    log.scrollTop = log.scrollHeight;
  });
  return () => { closeAttention(); lab.close(); };
}

export default { render };
