// NumPy's random numbers once more: `np.random.default_rng(seed).random()`.
// The seed is stirred by SeedSequence, the numbers come from PCG64 (O'Neill 2014, XSL-RR 128/64).

const [WORD, LONG] = [(1n << 64n) - 1n, (1n << 128n) - 1n];
const STEP = 0x2360ED051FC65DA44385DF649FCCF645n;

/** @param {number} x */
const folded = (x) => (x ^ (x >>> 16)) >>> 0;

/** Whole numbers below 2^32 that get ever new constants. @param {number} constant @param {number} factor */
function stirring(constant, factor) {
  return (/** @type {number} */ value) => {
    const mixed = value ^ constant;
    constant = Math.imul(constant, factor);
    return folded(Math.imul(mixed, constant));
  };
}

/** Eight numbers below 2^32 from a seed: NumPy's SeedSequence. @param {number} seed */
function stirred(seed) {
  const stir = stirring(0x43b0d7e5, 0x931e8875);
  const pool = [seed % 2 ** 32, Math.floor(seed / 2 ** 32), 0, 0].map(stir);
  for (let from = 0; from < 4; from++) {
    for (let to = 0; to < 4; to++) {
      if (from === to) continue;
      pool[to] = folded(Math.imul(0xca01f9dd, pool[to]) - Math.imul(0x4973f715, stir(pool[from])));
    }
  }
  const draw = stirring(0x8b51f9dd, 0x58f38ded);
  return Array.from({ length: 8 }, (_, i) => draw(pool[i % 4]));
}

/** A function that gives one number from 0 up to, but not, 1 after the other. @param {number} seed a whole number */
export function generator(seed) {
  const words = stirred(seed).map(BigInt);
  const long = (/** @type {number} */ i) => // of four, the greater half first, and in each half the lesser word
    (words[i + 1] << 96n) | (words[i] << 64n) | (words[i + 3] << 32n) | words[i + 2];
  const add = ((long(4) << 1n) | 1n) & LONG;
  const next = (/** @type {bigint} */ state) => (state * STEP + add) & LONG;
  let state = next((add + long(0)) & LONG);
  return () => {
    state = next(state);
    const [mixed, turn] = [(state >> 64n) ^ (state & WORD), state >> 122n];
    const turned = ((mixed >> turn) | (mixed << (64n - turn))) & WORD;
    return Number(turned >> 11n) / 2 ** 53;
  };
}
