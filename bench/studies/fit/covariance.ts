/**
 * What is known of several unknowns at once, as the covariance of their deviations: each figure that is measured makes it less.
 */
export class Covariance {
  private readonly rows: readonly (readonly number[])[];

  private constructor(rows: readonly (readonly number[])[]) {
    this.rows = rows;
  }

  /** Nothing is known but the scale of each. */
  static ofUnit(count: number): Covariance {
    return new Covariance(
      Array.from({ length: count }, (_row, i) => Array.from({ length: count }, (_cell, j) => Number(i === j))),
    );
  }

  /** Standard deviation of one unknown. */
  deviation(index: number): number {
    return Math.sqrt(this.rows[index]![index]!);
  }

  /** Variance of a figure with these derivatives. */
  variance(slopes: readonly number[]): number {
    return dot(slopes, this.times(slopes));
  }

  /**
   * After a figure was measured: the covariance of a linear model, by one update of rank 1.
   *
   * @param slopes derivatives of the figure by each unknown
   * @param error standard deviation of the measurement
   */
  after(slopes: readonly number[], error: number): Covariance {
    const gain = this.times(slopes);
    const whole = error ** 2 + dot(slopes, gain);
    return new Covariance(this.rows.map((row, i) => row.map((value, j) => value - (gain[i]! * gain[j]!) / whole)));
  }

  private times(slopes: readonly number[]): readonly number[] {
    return this.rows.map((row) => dot(row, slopes));
  }
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + value * b[i]!, 0);
}
