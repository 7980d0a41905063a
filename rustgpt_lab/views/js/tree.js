// A tree of what stands where in a file: which nodes hold a byte, and which of them can be seen.

/** @typedef {import("./packing.js").Tensor} Tensor */

/**
 * A tree by its columns, nodes in the order of the file and each before its parts. A node is its place in them; its
 * span counts itself and all nodes below it.
 * @typedef {{ names: string[], kinds: string[], values: string[], offsets: Tensor, lengths: Tensor, spans: Tensor }}
 *   Columns
 */
/** @typedef {ReturnType<typeof fileTree>} FileTree */

/** A tree from its columns. @param {Columns} columns */
export function fileTree({ names, kinds, values, offsets, lengths, spans }) {
  const [start, length, span] = [offsets, lengths, spans].map((array) => array.flat);
  const parents = names.map(() => -1);
  const parts = (/** @type {number} */ node) => {
    /** @type {number[]} */
    const found = [];
    for (let part = node + 1; part < node + span(node); part += span(part)) found.push(part);
    return found;
  };
  names.forEach((_, node) => parts(node).forEach((part) => { parents[part] = node; }));
  /** @type {(node: number, byte: number) => boolean} */
  const holds = (node, byte) => start(node) <= byte && byte < start(node) + length(node);
  /** @type {(node: number) => number[]} */
  const path = (node) => (parents[node] < 0 ? [node] : [...path(parents[node]), node]);
  /** @type {(byte: number, node?: number) => number} */
  const at = (byte, node = 0) => {
    const inside = parts(node).find((part) => holds(part, byte));
    return inside === undefined ? node : at(byte, inside);
  };
  return {
    names, kinds, values, start, length, holds, parts, path,
    parent: (/** @type {number} */ node) => parents[node],
    hasParts: (/** @type {number} */ node) => span(node) > 1,
    /** The smallest node that holds a byte. */
    at: (/** @type {number} */ byte) => at(byte),
    /** The nodes that can be seen, from the top, if those in a set are open. */
    seen(/** @type {Set<number>} */ open) {
      const found = [];
      for (let node = 0; node < names.length; node += open.has(node) ? 1 : span(node)) found.push(node);
      return found;
    },
  };
}
