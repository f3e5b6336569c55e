// scp of 1 GiB each way, with the hub's memory looked at meanwhile.
import { randomFillSync } from 'node:crypto';
import { open, stat } from 'node:fs/promises';
import { beforeAll, expect, it } from 'vitest';
import { hashOf, needs, run } from '../../../../test/support/programs.ts';
import { USER } from '../../../../test/support/sshd.ts';
import { SshTunnel } from '../e2e/support/ssh-tunnel.ts';

const MIB = 2 ** 20;
const SIZE = 1024 * MIB;
/** The hub may grow by so much between the first 100 MB and the end. */
const MOST_GROWTH = 60 * MIB;

const at = new SshTunnel();
beforeAll(async () => {
  await writeRandom(at.scratch.file('original'));
});

async function writeRandom(path: string): Promise<void> {
  const file = await open(path, 'wx');
  const chunk = Buffer.alloc(16 * MIB);
  for (let written = 0; written < SIZE; written += chunk.length) await file.write(randomFillSync(chunk));
  await file.close();
}

/** Copies, and gives the hub's memory after 100 MB, the most since, and the speed. */
async function copy(from: string, to: string, arriving: string): Promise<{ early: number; most: number; speed: number }> {
  const scp = needs('/usr/bin/scp', 'openssh-client');
  const startMs = performance.now();
  let over = false;
  const ended = run(scp, [...at.sshd.options, '-P', `${at.tunnel.port('ssh')}`, from, to]).finally(() => (over = true));
  let early = 0;
  let most = 0;
  while (!over) {
    const size = await stat(arriving).then(
      (found) => found.size,
      () => 0,
    );
    const memory = await at.tunnel.hubMemory();
    if (size >= 100e6) {
      early ||= memory;
      most = Math.max(most, memory);
    }
    await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 100))]);
  }
  expect(await ended).toEqual({ code: 0, stdout: '', stderr: '' });
  return { early, most, speed: SIZE / 1e3 / (performance.now() - startMs) };
}

it.each([
  ['to the device', false],
  ['from the device', true],
])('1 GiB %s: equal, and the memory of the hub stays flat', { timeout: 120_000 }, async (_name, fromDevice) => {
  const arriving = at.scratch.file(fromDevice ? 'back' : 'there');
  const remote = (path: string): string => `${USER}@127.0.0.1:${path}`;
  const [from, to] = fromDevice ? [remote(at.scratch.file('original')), arriving] : [at.scratch.file('original'), remote(arriving)];
  const { early, most, speed } = await copy(from, to, arriving);
  console.log(`scp: ${speed.toFixed(0)} MB/s; hub ${(early / MIB).toFixed(0)} MiB after 100 MB, ${(most / MIB).toFixed(0)} MiB at most`);
  expect(early).toBeGreaterThan(0);
  expect(most - early).toBeLessThan(MOST_GROWTH);
  expect(await hashOf(arriving)).toBe(await hashOf(at.scratch.file('original')));
});
