// The steps of the process that is killed, and what each of them leaves behind.

/** Devices that are changed at the same time. */
export const LANES = [0, 1, 2, 3];

/** Each device is put, gets new keys three times, is disabled on the way, and is deleted. */
export function isDeletion(step) {
  return step % 5 === 4;
}

/** The record that a step puts; every step has keys of its own. */
export function recordAt(lane, step) {
  const keys = [1, 2].map((which) => Buffer.from(`lane ${lane}, step ${step}, key ${which}`.padEnd(32)).toString('base64'));
  return { deviceId: `device-${lane}`, enabled: step % 5 !== 2, keys };
}

/** What is to be found after a step. */
export function stateAfter(lane, step) {
  return isDeletion(step) ? undefined : recordAt(lane, step);
}
