// RustGPT's layers in a row, on the weights that the kernel sent, and what was read before a new word.
import { Embeddings } from "./embeddings.js";
import { FeedForward } from "./feed_forward.js";
import { LayerNorm } from "./layer_norm.js";
import { Matrix } from "./matrix.js";
import { OutputProjection } from "./output_projection.js";
import { SelfAttention } from "./self_attention.js";

/** @typedef {SelfAttention | FeedForward | LayerNorm | OutputProjection} Above what stands above the embeddings */
/** @typedef {Embeddings | Above} Layer */
/**
 * What a layer found on its way, by the trace's names; one that is left out has but an output.
 * @typedef {ReturnType<Layer["forward"]> | { output: Matrix }} Cache
 */
/** @typedef {[Embeddings, ...Above[]]} Network */
/** @typedef {{ k: Matrix, v: Matrix }} Read keys and values of what was read */
/**
 * A layer as `portable.py` tells of it.
 * @typedef {{ name: string, epsilon: number, parameters: Record<string, [number, number]> }} Described
 */

/**
 * Whether it is the cache of a layer in which words look at words.
 * @param {Cache} cache @returns {cache is ReturnType<SelfAttention["forward"]>}
 */
export const looked = (cache) => "weights" in cache;

/** @type {Record<string, new (p: Record<string, Matrix>, settings: { epsilon: number }) => Layer>} */
const LAYERS = { Embeddings, SelfAttention, FeedForward, LayerNorm, OutputProjection };

/**
 * The layers, each with its own windows on the weights.
 * @param {Described[]} described @param {Float32Array} weights
 */
export function networkOf(described, weights) {
  let start = 0;
  const layers = described.map(({ name, parameters, ...settings }) => {
    const p = Object.fromEntries(Object.entries(parameters).map(([field, [rows, columns]]) => {
      const values = weights.subarray(start, start += rows * columns);
      return [field, new Matrix(rows, columns, values)];
    }));
    return new LAYERS[name](p, settings);
  });
  return /** @type {Network} */ (layers);
}

/** Keys and values of what was read before, for every layer that asks; `read` counts its ids. */
export class Past {
  /** That of the first `read` ids of a trace, or an empty one. @param {Layer[]} [network] @param {Cache[]} [trace] */
  constructor(read = 0, network = [], trace = []) {
    this.read = read;
    const rows = (/** @type {Matrix} */ matrix) => matrix.slice(0, read);
    /** @type {Map<Layer, Read>} */
    this.rooms = new Map();
    trace.forEach((cache, i) => {
      if (looked(cache)) this.rooms.set(network[i], { k: rows(cache.k), v: rows(cache.v) });
    });
  }

  /**
   * Put a layer's new keys and values behind those before; returns all.
   * @param {Layer} layer @param {Read} added @returns {Read}
   */
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
 */
export function completed(before, cache, count) {
  /** @type {Record<string, Matrix | number[]>} */
  const first = before;
  const whole = Object.entries(cache).map(([name, last]) => {
    if (Array.isArray(last)) {
      const ids = /** @type {number[]} */ (first[name]);
      return [name, [...ids.slice(0, count - last.length), ...last]];
    }
    const above = /** @type {Matrix} */ (first[name]).slice(0, count - last.rows);
    return [name, joined(above.wide(last.columns, FUTURE[name]), last)];
  });
  return /** @type {Cache} */ (Object.fromEntries(whole));
}

/** What stands in a row for words that come later. @type {Record<string, number>} */
const FUTURE = { scores: -Infinity };

/**
 * Every layer's cache for some ids; `past` then holds them, too.
 * @param {Network} network @param {number[]} ids @param {Past} [past]
 */
export function forward([embeddings, ...above], ids, past) {
  /** @type {Cache[]} */
  const caches = [embeddings.forward(ids, past)];
  for (const layer of above) caches.push(layer.forward(caches[caches.length - 1].output, past));
  if (past) past.read += ids.length;
  return caches;
}

/** The logits of the last word alone, (1, V). @param {Network} network @param {number[]} ids @param {Past} [past] */
export function lastScores(network, ids, past) {
  const below = forward(/** @type {Network} */ (network.slice(0, -1)), ids, past);
  const [x, last] = [below[below.length - 1].output, /** @type {OutputProjection} */ (network.at(-1))];
  return last.forward(x.slice(x.rows - 1, x.rows)).output;
}
