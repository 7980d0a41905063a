// words.py's `Vocab` once more.
import { tokenize } from "../tokenizer.js";

/** A list of different words; a word's id is its place in the list. */
export class Vocab {
  /** @param {string[]} words */
  constructor(words) {
    this.words = words;
    this.ids = new Map(words.map((word, id) => [word, id]));
    this.end = this.ids.get("</s>");
  }

  /** The ids of a text's words; those that the vocabulary lacks are dropped. @param {string} text */
  encode(text) {
    return tokenize(text).flatMap((word) => this.ids.get(word) ?? []);
  }

  /** The words of `ids`, joined by one space. @param {number[]} ids */
  decode(ids) { return this.pieces(ids).join(" "); }

  /** @param {number[]} ids */
  pieces(ids) { return ids.map((id) => this.words[id]); }

  /** The words of a text that the vocabulary lacks. @param {string} text */
  unknown(text) { return tokenize(text).filter((word) => !this.ids.has(word)); }
}
