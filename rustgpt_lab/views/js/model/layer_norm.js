// Every position is brought to mean 0 and standard deviation 1, then stretched and shifted as the model learned to.
import { Matrix } from "./matrix.js";

/** gamma * (x - mean) / (std + epsilon) + beta over each row, (T, d) -> (T, d). */
export class LayerNorm {
  /** @param {Record<string, Matrix>} p @param {{ epsilon: number }} settings */
  constructor(p, { epsilon }) {
    this.p = p;
    this.epsilon = epsilon;
  }

  /** @param {Matrix} x */
  forward(x) {
    const { gamma, beta } = this.p;
    const [std, x_hat] = [new Matrix(x.rows, 1), new Matrix(x.rows, x.columns)];
    for (let i = 0; i < x.rows; i++) {
      const row = x.row(i);
      const mean = row.reduce((sum, value) => sum + value, 0) / row.length;
      const square = row.reduce((sum, value) => sum + (value - mean) ** 2, 0);
      std.values[i] = Math.sqrt(square / row.length);
      const length = std.values[i] + this.epsilon;
      x_hat.row(i).set(row.map((value) => (value - mean) / length));
    }
    const stretched = x_hat.map((value, i) => value * gamma.values[i % x.columns]);
    return { x, std, x_hat, output: stretched.addRow(beta) };
  }
}
