// A tree of what stands where in a file: which nodes hold a byte, and which of them can be seen.

/**
 * A tree from its columns, nodes in the order of the file and each before its parts: { names, kinds, values: strings;
 * offsets, lengths, spans: arrays }. A node is its place in them; its span counts itself and all nodes below it.
 */
export function fileTree({ names, kinds, values, offsets, lengths, spans }) {
  const [start, length, span] = [offsets, lengths, spans].map((array) => array.flat);
  const parents = names.map(() => -1);
  const parts = (node) => {
    const found = [];
    for (let part = node + 1; part < node + span(node); part += span(part)) found.push(part);
    return found;
  };
  names.forEach((_, node) => parts(node).forEach((part) => { parents[part] = node; }));
  const holds = (node, byte) => start(node) <= byte && byte < start(node) + length(node);
  const path = (node) => (parents[node] < 0 ? [node] : [...path(parents[node]), node]);
  const at = (byte, node = 0) => {
    const inside = parts(node).find((part) => holds(part, byte));
    return inside === undefined ? node : at(byte, inside);
  };
  return {
    names, kinds, values, start, length, holds, parts, path,
    parent: (node) => parents[node],
    hasParts: (node) => span(node) > 1,
    /** The smallest node that holds a byte. */
    at: (byte) => at(byte),
    /** The nodes that can be seen, from the top, if those in a set are open. */
    seen(open) {
      const found = [];
      for (let node = 0; node < names.length; node += open.has(node) ? 1 : span(node)) found.push(node);
      return found;
    },
  };
}
