// Rows of float32 numbers, and what layers do with them.

/** A matrix, row by row in one array. */
export class Matrix {
  /**
   * @param {number} rows
   * @param {number} columns
   * @param {Float32Array} values
   */
  constructor(rows, columns, values = new Float32Array(rows * columns)) {
    this.rows = rows;
    this.columns = columns;
    this.values = values;
  }

  /** @param {number} i @param {number} j */
  at(i, j) { return this.values[i * this.columns + j]; }

  /** A window on one row. @param {number} i */
  row(i) { return this.values.subarray(i * this.columns, (i + 1) * this.columns); }

  /** A window on the rows from `start` up to, but not, `end`. @param {number} start @param {number} end */
  slice(start, end) {
    return new Matrix(end - start, this.columns, this.values.subarray(start * this.columns, end * this.columns));
  }

  /** With so many columns: the first ones, and `fill` in what is new. @param {number} columns */
  wide(columns, fill = 0) {
    if (columns === this.columns) return this;
    const y = new Matrix(this.rows, columns).map(() => fill);
    for (let i = 0; i < this.rows; i++) y.row(i).set(this.row(i).subarray(0, columns));
    return y;
  }

  /** Every number changed on its own. @param {(value: number, place: number) => number} f */
  map(f) { return new Matrix(this.rows, this.columns, this.values.map(f)); }

  /** The sum of two matrices of one shape. @param {Matrix} other */
  plus(other) { return this.map((value, i) => value + other.values[i]); }

  /** One row added to all of them, in place. @param {Matrix} row */
  addRow(row) {
    const { rows, columns, values } = this;
    for (let i = 0, place = 0; i < rows; i++) for (let j = 0; j < columns; j++) values[place++] += row.values[j];
    return this;
  }
}

/** a @ w: (n, k), (k, m) -> (n, m). @param {Matrix} a @param {Matrix} w */
export function times(a, w) {
  const y = new Matrix(a.rows, w.columns);
  const [rows, columns] = [a.rows - 4, w.columns - 4];
  if (rows < 0 || columns < 0) return few(a, w, y);
  // In tiles of 4 by 4; the last one may lie over the one before it, where the same comes out again.
  for (let j = 0; j < columns + 4; j += 4) {
    for (let i = 0; i < rows + 4; i += 4) tile(a, w, y, Math.min(i, rows), Math.min(j, columns));
  }
  return y;
}

/** Few rows, or few columns. @param {Matrix} a @param {Matrix} w @param {Matrix} y */
function few(a, w, y) {
  const sums = new Float64Array(w.columns);
  for (let i = 0; i < a.rows; i++) {
    sums.fill(0);
    for (let k = 0, place = 0; k < a.columns; k++) {
      const x = a.values[i * a.columns + k];
      for (let j = 0; j < w.columns; j++) sums[j] += x * w.values[place++];
    }
    y.values.set(sums, i * w.columns);
  }
  return y;
}

/**
 * Sixteen numbers of y = a @ w at once, whose sums stay in the processor's registers: four times as fast as one by one,
 * and only if nothing is taken apart by brackets in the loop.
 * @param {Matrix} a @param {Matrix} w @param {Matrix} y @param {number} i @param {number} j
 */
function tile({ columns: depth, values: a }, { columns: width, values: w }, { values: y }, i, j) {
  let s00 = 0, s01 = 0, s02 = 0, s03 = 0, s10 = 0, s11 = 0, s12 = 0, s13 = 0;
  let s20 = 0, s21 = 0, s22 = 0, s23 = 0, s30 = 0, s31 = 0, s32 = 0, s33 = 0;
  const r0 = i * depth, r1 = r0 + depth, r2 = r1 + depth, r3 = r2 + depth;
  for (let k = 0, at = j; k < depth; k++, at += width) {
    const w0 = w[at], w1 = w[at + 1], w2 = w[at + 2], w3 = w[at + 3];
    let x = a[r0 + k];
    s00 += x * w0; s01 += x * w1; s02 += x * w2; s03 += x * w3;
    x = a[r1 + k];
    s10 += x * w0; s11 += x * w1; s12 += x * w2; s13 += x * w3;
    x = a[r2 + k];
    s20 += x * w0; s21 += x * w1; s22 += x * w2; s23 += x * w3;
    x = a[r3 + k];
    s30 += x * w0; s31 += x * w1; s32 += x * w2; s33 += x * w3;
  }
  const place = i * width + j;
  const [p1, p2, p3] = [place + width, place + 2 * width, place + 3 * width];
  y[place] = s00; y[place + 1] = s01; y[place + 2] = s02; y[place + 3] = s03;
  y[p1] = s10; y[p1 + 1] = s11; y[p1 + 2] = s12; y[p1 + 3] = s13;
  y[p2] = s20; y[p2 + 1] = s21; y[p2 + 2] = s22; y[p2 + 3] = s23;
  y[p3] = s30; y[p3 + 1] = s31; y[p3 + 2] = s32; y[p3 + 3] = s33;
}

/** The matrix on its side. @param {Matrix} a */
export function transposed({ rows, columns, values }) {
  const y = new Matrix(columns, rows);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) y.values[j * rows + i] = values[i * columns + j];
  return y;
}

/** exp(s - max) / sum over each row. @param {Matrix} scores */
export function softmax(scores) {
  const p = new Matrix(scores.rows, scores.columns);
  for (let i = 0; i < scores.rows; i++) {
    const [row, to] = [scores.row(i), p.row(i)];
    let [most, sum] = [-Infinity, 0];
    for (let j = 0; j < row.length; j++) if (row[j] > most) most = row[j];
    for (let j = 0; j < row.length; j++) sum += to[j] = Math.exp(row[j] - most);
    for (let j = 0; j < row.length; j++) to[j] /= sum;
  }
  return p;
}

/** Hide the future, in place: scores (T, S) of the last T of S positions. @param {Matrix} scores */
export function causal(scores) {
  const before = scores.columns - scores.rows;
  for (let i = 0; i < scores.rows; i++) scores.row(i).fill(-Infinity, before + i + 1);
  return scores;
}
