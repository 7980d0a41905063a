// RustGPT's layers in a row, on the weights that the kernel sent, and what was read before a new word.
import { Embeddings } from "./embeddings.js";
import { FeedForward } from "./feed_forward.js";
import { LayerNorm } from "./layer_norm.js";
import { Matrix } from "./matrix.js";
import { OutputProjection } from "./output_projection.js";
import { SelfAttention } from "./self_attention.js";

/** @typedef {Embeddings | SelfAttention | FeedForward | LayerNorm | OutputProjection} Layer */
/** What a layer found on its way, by the trace's names, its `output` among it. @typedef {Record<string, any>} Cache */
/**
 * A layer as `portable.py` tells of it.
 * @typedef {{ name: string, epsilon: number, parameters: Record<string, [number, number]> }} Described
 */

/** @type {Record<string, new (p: any, settings: any) => Layer>} */
const LAYERS = { Embeddings, SelfAttention, FeedForward, LayerNorm, OutputProjection };

/**
 * The layers, each with its own windows on the weights.
 * @param {Described[]} described @param {Float32Array} weights
 */
export function networkOf(described, weights) {
  let start = 0;
  return described.map(({ name, parameters, ...settings }) => {
    const p = Object.fromEntries(Object.entries(parameters).map(([field, [rows, columns]]) => {
      const values = weights.subarray(start, start += rows * columns);
      return [field, new Matrix(rows, columns, values)];
    }));
    return new LAYERS[name](p, settings);
  });
}

/** Keys and values of what was read before, for every layer that asks; `read` counts its ids. */
export class Past {
  /** That of the first `read` ids of a trace, or an empty one. @param {Layer[]} [network] @param {Cache[]} [trace] */
  constructor(read = 0, network = [], trace = []) {
    this.read = read;
    const rows = (/** @type {Matrix} */ matrix) => matrix.slice(0, read);
    /** @type {Map<Layer, { k: Matrix, v: Matrix }>} */
    this.rooms = new Map(trace.flatMap(({ k, v }, i) => (k ? [[network[i], { k: rows(k), v: rows(v) }]] : [])));
  }

  /** Put a layer's new keys and values behind those before; returns all. @param {Layer} layer @param {any} added */
  extend(layer, added) {
    const before = this.rooms.get(layer);
    const all = before ? { k: joined(before.k, added.k), v: joined(before.v, added.v) } : added;
    this.rooms.set(layer, all);
    return all;
  }
}

/** @param {Matrix} above @param {Matrix} below */
function joined(above, below) {
  const whole = new Matrix(above.rows + below.rows, above.columns);
  whole.values.set(above.values);
  whole.values.set(below.values, above.values.length);
  return whole;
}

/**
 * A layer's cache of the last ones of `count` words, with the rows of the words before, which see nothing of them.
 * @param {Cache} before @param {Cache} cache @param {number} count
 * @returns {Cache}
 */
export function completed(before, cache, count) {
  return Object.fromEntries(Object.entries(cache).map(([name, last]) => {
    if (Array.isArray(last)) return [name, [...before[name].slice(0, count - last.length), ...last]];
    return [name, joined(before[name].slice(0, count - last.rows).wide(last.columns, FUTURE[name]), last)];
  }));
}

/** What stands in a row for words that come later. @type {Record<string, number>} */
const FUTURE = { scores: -Infinity };

/**
 * Every layer's cache for some ids; `past` then holds them, too.
 * @param {Layer[]} network @param {number[]} ids @param {Past} [past]
 * @returns {Cache[]}
 */
export function forward(network, ids, past) {
  /** @type {any} */
  let x = ids;
  const caches = network.map((layer) => {
    const cache = layer.forward(x, past);
    x = cache.output;
    return cache;
  });
  if (past) past.read += ids.length;
  return caches;
}

/** The logits of the last word alone, (1, V). @param {Layer[]} network @param {number[]} ids @param {Past} [past] */
export function lastScores(network, ids, past) {
  const [below, last] = [network.slice(0, -1), /** @type {OutputProjection} */ (network.at(-1))];
  const x = /** @type {Matrix} */ (forward(below, ids, past).at(-1)?.output);
  return last.forward(x.slice(x.rows - 1, x.rows)).output;
}
