// F12: whatever is done in whatever order, hub, devices and service do what the model says. The other half is in other-half.test.ts.
import assert from 'node:assert/strict';
import { observeFile } from '@streams/testkit';
import { describe, expect, it } from 'vitest';
import { ENDS } from './model.ts';
import { play, type Replay } from './run.ts';
import { GROWTH, playHalf, REPLAY } from './seeds.ts';
import { System } from './system.ts';

const LIMIT_MS = 1_200_000;
observeFile(GROWTH);

/** Loses the first byte of each write of more than 500. */
async function lossy(seed: number, devices: number): Promise<System> {
  const system = await System.start(seed, devices);
  const accept = system.accept.bind(system);
  system.accept = async (id) => {
    await accept(id);
    for (const end of ENDS) {
      const { stream } = system.tape(id, end);
      const write = stream.write.bind(stream);
      stream.write = (bytes: Buffer) => write(bytes.length > 500 ? bytes.subarray(1) : bytes);
    }
  };
  return system;
}

if (REPLAY) {
  describe('a run that is played again', () => {
    it('F12 agrees with the model', { timeout: LIMIT_MS }, async () => {
      const { failure } = await play(REPLAY as Replay);
      assert(failure === undefined, failure);
    });
  });
} else {
  describe('200 commands of each of 200 seeds', () => {
    it('F12 agree with the model: the first half', { timeout: LIMIT_MS }, () => playHalf(1));
  });

  describe('a system that loses one byte', () => {
    it('F12 is found, shrunk to what it takes, and played again by its path', { timeout: LIMIT_MS }, async () => {
      const { failure = '' } = await play({ seed: 5 }, lossy);
      const [, sequence = ''] = /shrinks: (.*) \/\*/.exec(failure) ?? [];
      const names = sequence.split(/(?<=\)),/).map((command) => command.split('(')[0]);
      expect(names).toEqual(['Register', 'Connect', 'Open', 'Accept', 'Write', 'Read']);
      const [, path] = /MODEL_PATH='([^']*)'/.exec(failure) ?? [];
      expect((await play({ seed: 5, path }, lossy)).failure).toContain('other bytes than were sent');
      expect((await play({ seed: 5, path })).failure).toBeUndefined();
    });
  });
}
