// F12, the other half of the seeds: in a file of its own, so that two processes share the work.
import { observeFile } from '@streams/testkit';
import { describe, it } from 'vitest';
import { GROWTH, playHalf, REPLAY } from './seeds.ts';

observeFile(GROWTH);

describe('200 commands of each of 200 seeds', () => {
  // A run that is played again is the other file's.
  it('F12 agree with the model: the other half', { timeout: 1_200_000 }, () => (REPLAY ? undefined : playHalf(2)));
});
