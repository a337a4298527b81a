// A policy for `stopcopy converge --policy`: waits for a time in which the guest writes little, and takes any after a while.
/** @type {import('stopcopy/sim').OwnPolicy} */
const patient = {
  pollMs: 500,
  atIterations: true,
  downtimeLimitMs: 100,
  watch({ memoryBytes, bytesPerSecond }) {
    const copyNs = (memoryBytes / bytesPerSecond) * 1e9;
    let least = Infinity;
    return {
      act({ pass, elapsedNs, remainingBytes, bytesPerSecond: carried, limitNs }) {
        if (elapsedNs > 20 * copyNs) return { kind: 'cancel', reason: 'timeout' };
        if (!pass) return undefined;
        least = Math.min(least, remainingBytes);
        // What is left would fit into less than a second, and it was never less.
        const pauseNs = (remainingBytes / carried) * 1e9;
        const isLow = elapsedNs > 3 * copyNs && remainingBytes <= least && pauseNs < 1e9;
        return isLow && pauseNs > limitNs ? { kind: 'set limit', limitNs: pauseNs } : undefined;
      },
    };
  },
};

export default patient;
