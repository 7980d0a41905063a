// What temperature, top-k and top-p make of a model's scores: `generation.Sampling.distribution` once more.

/**
 * As Python's `Sampling`; a `top_k` or `top_p` of null keeps all.
 * @typedef {{ temperature: number, top_k: number | null, top_p: number | null, repetition_penalty?: number }} Strategy
 */

/** exp(s - max) / sum. @param {number[]} scores */
export function softmax(scores) {
  const most = scores.reduce((a, b) => Math.max(a, b), -Infinity);
  const powers = scores.map((score) => Math.exp(score - most));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}

/**
 * The probabilities that words are drawn with.
 * @param {ArrayLike<number>} scores the V logits @param {number[]} said the ids that stand in the text
 * @param {Strategy} strategy
 */
export function distribution(scores, said, { temperature, top_k, top_p, repetition_penalty = 1 }) {
  const own = Array.from(scores);
  for (const i of new Set(said)) own[i] *= own[i] > 0 ? 1 / repetition_penalty : repetition_penalty;
  const best = own.reduce((a, b) => Math.max(a, b), -Infinity);
  const order = own.map((_, i) => i).sort((i, j) => own[j] - own[i] || i - j);
  const kept = order.slice(0, temperature === 0 ? 1 : top_k ?? order.length);
  const p = softmax(kept.map((i) => (own[i] - best) / Math.max(temperature, 1e-9)));
  let [reached, count] = [0, 0];
  while (count < kept.length && (reached < (top_p ?? 1) || (top_p ?? 1) === 1)) reached += p[count++];
  const found = own.map(() => 0);
  for (let k = 0; k < count; k++) found[kept[k]] = p[k] / reached;
  return found;
}

/** The word that a number from 0 up to, but not, 1 draws. @param {number[]} probabilities @param {number} chance */
export function drawn(probabilities, chance) {
  let [reached, last] = [0, 0];
  for (let i = 0; i < probabilities.length; i++) {
    if (!probabilities[i]) continue;
    [reached, last] = [reached + probabilities[i], i];
    if (chance < reached) break;
  }
  return last;
}

/** The settings in words, those that change something. @param {Strategy} strategy */
export function inWords({ temperature, top_k, top_p, repetition_penalty = 1 }) {
  if (temperature === 0) return "temperature 0, which is greedy";
  const rest = [[top_k !== null, `top-k ${top_k}`], [top_p !== null && top_p < 1, `top-p ${top_p}`],
    [repetition_penalty !== 1, `repetition penalty ${repetition_penalty}`]];
  return [`temperature ${temperature}`, ...rest.filter(([shown]) => shown).map(([, text]) => text)].join(", ");
}
