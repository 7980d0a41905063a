// A float32 (IEEE 754) taken apart.

/** The fields of a number, as whole numbers. @typedef {{ sign: number, exponent: number, fraction: number }} Fields */

/** The fields of four little-endian bytes. @param {number[]} bytes @returns {Fields} */
export function fields(bytes) {
  const word = bytes.reduceRight((sum, byte) => sum * 256 + byte, 0);
  return { sign: Math.floor(word / 2 ** 31), exponent: Math.floor(word / 2 ** 23) % 256, fraction: word % 2 ** 23 };
}

/** The arithmetic that makes a number of its fields, in words. @param {Fields} fields */
export function formula({ sign, exponent, fraction }) {
  const minus = sign ? "−" : "";
  if (exponent === 255) return fraction ? "not a number: the exponent is 255, the fraction is not 0" : `${minus}∞`;
  const power = exponent === 0 ? -126 : exponent - 127;
  const lead = exponent === 0 ? 0 : 1;
  const factor = Number((lead + fraction / 2 ** 23).toPrecision(8)); // eight digits tell any two float32 apart
  return `${minus}2^${power} · ${factor}`.replace("^-", "^−");
}

/** The number of four little-endian bytes. @param {number[]} bytes */
export function float(bytes) {
  return new DataView(Uint8Array.from(bytes).buffer).getFloat32(0, true);
}
