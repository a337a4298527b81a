/**
 * Seeded random numbers: the only source of chance in the model.
 *
 * The generator is pure-rand's xoroshiro128+. Its state is hashed from seed and stream, because seeding it with a small
 * number directly leaves most of the state bits constant. pure-rand returns the low half of the 64-bit sum, whose
 * lowest bits are the weak ones of this generator; everything below therefore uses the high bits of each word.
 */
import type { JumpableRandomGenerator } from 'pure-rand/types/JumpableRandomGenerator';
import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus';
import { bug } from './bug.ts';
import { mix32 } from './hash.ts';

const TWO_32 = 0x1_0000_0000;

/** One hashed state word; a bijection of the stream for a fixed seed, so that streams never share a state. */
function stateWord(seed: number, stream: number, index: number): number {
  const low = mix32((seed % TWO_32) | 0);
  const high = mix32(Math.floor(seed / TWO_32) + 0x9e3779b9);
  const key = mix32(low ^ Math.imul(high, 0x85ebca6b) ^ Math.imul(index + 1, 0x6c078965));
  return mix32(key ^ mix32(stream + Math.imul(index + 1, 0x9e3779b9)) ^ high) | 0;
}

export class Random {
  private readonly generator: JumpableRandomGenerator;

  /**
   * @param seed whole number from 0 to 2^53 - 1
   * @param stream which of the independent sequences of this seed, 0 to 2^32 - 1: one per concern, so that a draw
   *   more in one place does not shift the luck of another
   */
  constructor(seed: number, stream: number = 0) {
    if (!Number.isSafeInteger(seed) || seed < 0) bug('RANDOM_SEED', seed);
    if (!Number.isInteger(stream) || stream < 0 || stream >= TWO_32) bug('RANDOM_STREAM', stream);
    const state = [0, 1, 2, 3].map((index) => stateWord(seed, stream, index));
    if (!state.some((word) => word !== 0)) state[0] = 1; // the one state that xoroshiro never leaves
    this.generator = xoroshiro128plusFromState(state);
  }

  /** Uniform in [0, 1), 53 bits. Takes two words. */
  uniform(): number {
    const high = this.generator.next() >>> 5;
    const low = this.generator.next() >>> 6;
    return (high * 0x400_0000 + low) / 0x20_0000_0000_0000;
  }

  /** Uniform whole number in [0, n), without bias, for n from 1 to 2^32. */
  below(n: number): number {
    if (!Number.isInteger(n) || n < 1 || n > TWO_32) bug('RANDOM_BELOW', n);
    const bucket = Math.floor(TWO_32 / n);
    for (;;) {
      const value = Math.floor((this.generator.next() >>> 0) / bucket);
      if (value < n) return value;
    }
  }

  /**
   * Exponentially distributed with the given mean (any unit): the gap between the events of a Poisson process. Never
   * negative and never infinite. V8 computes Math.log in software (fdlibm), so it is equal on every machine.
   */
  exponential(mean: number): number {
    return -mean * Math.log(1 - this.uniform());
  }

  /** The state reached, as 32 hexadecimal digits: equal ends mean equally many draws of the same sequence. */
  state(): string {
    let text = '';
    for (const word of this.generator.getState()) text += (word >>> 0).toString(16).padStart(8, '0');
    return text;
  }
}
