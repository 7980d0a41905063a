// A model that reads, in the browser: text in, numbers out; it refuses what llm.py refuses, in the same words.
import { completed, forward, networkOf, Past } from "./network.js";
import { Vocab } from "./vocab.js";

/** @typedef {import("./network.js").Cache} Cache */

/** What a learner is told: that the question has no answer, and why. */
export class ModelError extends Error {}

/**
 * What `portable.py` tells of a model.
 * @typedef {{ layers: import("./network.js").Described[], words: string[], max_seq_len: number }} Description
 */

export class LLM {
  /** @param {Description} description @param {Float32Array} weights */
  constructor({ layers, words, max_seq_len }, weights) {
    this.vocab = new Vocab(words);
    this.network = networkOf(layers, weights);
    this.names = layers.map(({ name }) => name);
    this.maxSeqLen = max_seq_len;
    this.last = { text: "", ids: /** @type {number[]} */ ([]), trace: /** @type {Cache[]} */ ([]) };
  }

  /** The ids of a text that can be read. @param {string} text */
  tokenize(text) {
    const ids = this.vocab.encode(text);
    if (!ids.length) {
      throw new ModelError(`no word of this text is in the vocabulary; found ${quoted(text)}. Try another text.`);
    }
    if (ids.length > this.maxSeqLen) {
      throw new ModelError("a text is longer than the model can see; "
        + `expected at most ${this.maxSeqLen} tokens, found ${ids.length}`);
    }
    return ids;
  }

  /**
   * Every layer's cache for a text. The last text's is kept: a drag asks for the same one again, and a text that
   * begins like it is read from where it differs.
   * @param {string} text
   */
  trace(text) {
    if (text !== this.last.text) {
      const [ids, before] = [this.tokenize(text), this.last];
      const same = ids.findIndex((id, i) => id !== before.ids[i] || i === ids.length - 1);
      const past = new Past(same, this.network, before.trace);
      const trace = forward(this.network, ids.slice(same), past)
        .map((cache, i) => (same ? completed(before.trace[i], cache, ids.length) : cache));
      this.last = { text, ids, trace };
    }
    return this.last.trace;
  }
}

/** A text as Python's `repr` writes it, but for letters that cannot be seen. @param {string} text */
export function quoted(text) {
  const mark = text.includes("'") && !text.includes('"') ? '"' : "'";
  const named = /** @type {Record<string, string>} */ ({ "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t" });
  return mark + text.replace(/[\\\n\r\t]/g, (sign) => named[sign]).replaceAll(mark, `\\${mark}`) + mark;
}
