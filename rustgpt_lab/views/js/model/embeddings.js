// Words become vectors: a row for what the word is, plus a row for where it stands.
import { Matrix } from "./matrix.js";

/** @typedef {import("./network.js").Past} Past */

/** ids (T) -> (T, d). */
export class Embeddings {
  /** @param {Record<string, Matrix>} p */
  constructor(p) { this.p = p; }

  /** @param {number[]} ids @param {Past} [past] */
  forward(ids, past) {
    const { token_embeddings: tokens, positional_embeddings: positions } = this.p;
    const start = past ? past.read : 0;
    const token = new Matrix(ids.length, tokens.columns);
    ids.forEach((id, i) => token.row(i).set(tokens.row(id)));
    const position = positions.slice(start, start + ids.length);
    return { ids, token, position, output: token.plus(position) };
  }
}
