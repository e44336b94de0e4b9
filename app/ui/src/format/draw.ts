// The draw of an assignee, computed again in the browser, so that a person can check it. The same
// function as `modules/tasks/src/domain/draw.rs`: SplitMix64, and a multiplication to the places.

const MASK = (1n << 64n) - 1n;

/** The place below `size` that draw `index` of `seed` chooses. */
export function drawnPlace(seed: string, index: number, size: number): number {
  let state = (BigInt.asUintN(64, BigInt(seed)) + 0x9e37_79b9_7f4a_7c15n * BigInt(index + 1)) & MASK;
  state = ((state ^ (state >> 30n)) * 0xbf58_476d_1ce4_e5b9n) & MASK;
  state = ((state ^ (state >> 27n)) * 0x94d0_49bb_1331_11ebn) & MASK;
  state ^= state >> 31n;
  return Number((state * BigInt(size)) >> 64n);
}
