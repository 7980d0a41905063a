// What the answers to a view's questions share: arrays as packing.py packs them, the likeliest words, shares.

/** A view's data and its sentence. @typedef {{ data: Record<string, any>, sentence: string }} Answer */

/**
 * Numbers as packing.py would send them.
 * @param {Float32Array | Int32Array | Uint8Array} values @param {number[]} shape
 */
export function packed(values, shape = [values.length]) {
  const dtype = values instanceof Float32Array ? "float32" : values instanceof Int32Array ? "int32" : "uint8";
  return { shape, dtype, buffer: values };
}

/** @param {import("./matrix.js").Matrix} matrix */
export const packedMatrix = ({ values, rows, columns }) => packed(values, [rows, columns]);

/**
 * The places of the greatest numbers, the greatest first; of equals, the first.
 * @param {Float32Array} row @param {number} count
 */
export function greatest(row, count) {
  /** @type {number[]} */
  const found = [];
  for (let i = 0; i < row.length; i++) {
    if (found.length === count && row[i] <= row[found[count - 1]]) continue;
    let place = found.length;
    while (place && row[i] > row[found[place - 1]]) place--;
    found.splice(place, 0, i);
    if (found.length > count) found.pop();
  }
  return found;
}

/** 0.5 -> 50%. @param {number} x */
export const percent = (x) => `${(100 * x).toFixed(0)}%`;
