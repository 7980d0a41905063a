// A model that reads, in the browser: text in, numbers out; it refuses what llm.py refuses, in the same words.
import { forward, networkOf } from "./network.js";
import { Vocab } from "./vocab.js";

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
    this.last = { text: "", trace: /** @type {import("./network.js").Cache[]} */ ([]) };
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
   * Every layer's cache for a text; the last text's is kept, for a drag asks for the same one again.
   * @param {string} text
   */
  trace(text) {
    if (text !== this.last.text) this.last = { text, trace: forward(this.network, this.tokenize(text)) };
    return this.last.trace;
  }
}

/** A text as Python's `repr` writes it, but for letters that cannot be seen. @param {string} text */
export function quoted(text) {
  const mark = text.includes("'") && !text.includes('"') ? '"' : "'";
  const named = /** @type {Record<string, string>} */ ({ "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t" });
  return mark + text.replace(/[\\\n\r\t]/g, (sign) => named[sign]).replaceAll(mark, `\\${mark}`) + mark;
}
