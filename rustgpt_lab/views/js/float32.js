// A float32 (IEEE 754) taken apart.

/** { sign, exponent, fraction }: the three fields of four little-endian bytes, as whole numbers. */
export function fields(bytes) {
  const word = bytes.reduceRight((sum, byte) => sum * 256 + byte, 0);
  return { sign: Math.floor(word / 2 ** 31), exponent: Math.floor(word / 2 ** 23) % 256, fraction: word % 2 ** 23 };
}

/** The arithmetic that makes a number of its fields, in words. */
export function formula({ sign, exponent, fraction }) {
  const minus = sign ? "−" : "";
  if (exponent === 255) return fraction ? "not a number: the exponent is 255, the fraction is not 0" : `${minus}∞`;
  const power = exponent === 0 ? -126 : exponent - 127;
  const lead = exponent === 0 ? 0 : 1;
  const factor = Number((lead + fraction / 2 ** 23).toPrecision(8)); // eight digits tell any two float32 apart
  return `${minus}2^${power} · ${factor}`.replace("^-", "^−");
}

/** The number of four little-endian bytes. */
export function float(bytes) {
  return new DataView(Uint8Array.from(bytes).buffer).getFloat32(0, true);
}
