// The view of attention; its card is a module of its own, because the chat shows it, too.
import { render } from "./attention_card.js";

export default { render };
