// The view of attention; its card is a module of its own, because the chat shows it, too.
import { render as renderCard } from "./attention_card.js";
import { answering } from "./model/answering.js";
import { attentionOf } from "./model/attention_of.js";

/** @param {import("./lab.js").Card<import("./attention_card.js").Attention>} card */
const render = ({ model, el }) => renderCard({ model: answering(model, attentionOf), el });

export default { render };
