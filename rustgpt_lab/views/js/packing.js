// What packing.py packed: arrays that came from the kernel, or stand in a page.

/** The bytes of an array, or in an exported page its base64. @typedef {ArrayBuffer | ArrayBufferView | string} Bytes */
/** @typedef {{ shape: number[], dtype: string, buffer: Bytes, low?: number, high?: number }} Packed */
/** @typedef {{ shape: number[], flat: (i: number) => number, at: (...index: number[]) => number }} Tensor */

/** @type {Record<string, new (buffer: ArrayBuffer) => ArrayLike<number>>} */
const TYPES = { float32: Float32Array, int32: Int32Array, uint8: Uint8Array };

/**
 * A value in which each array becomes { shape, at(i, j, ...), flat(i) }, widened if quantised.
 * @param {any} value @returns {any}
 */
export function unpack(value) {
  if (Array.isArray(value)) return value.map(unpack);
  if (value === null || typeof value !== "object") return value;
  if (value.buffer && value.dtype) return tensor(value);
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, unpack(item)]));
}

/** A memory of their own for some bytes, so that it begins where numbers may begin. @param {Bytes} sent */
export function bytesOf(sent) {
  if (typeof sent === "string") return Uint8Array.from(atob(sent), (sign) => sign.charCodeAt(0)).buffer;
  if (sent instanceof ArrayBuffer) return sent;
  const { buffer, byteOffset, byteLength } = sent;
  return /** @type {ArrayBuffer} */ (buffer.slice(byteOffset, byteOffset + byteLength));
}

/** @param {Packed} packed @returns {Tensor} */
function tensor({ shape, dtype, buffer, low = 0, high = 255 }) {
  const values = new TYPES[dtype](bytesOf(buffer));
  const step = (high - low) / 255;
  const flat = (/** @type {number} */ i) => low + step * values[i];
  return { shape, flat, at: (...index) => flat(index.reduce((place, i, axis) => place * shape[axis] + i, 0)) };
}
