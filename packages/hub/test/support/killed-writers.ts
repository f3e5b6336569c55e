// A registry whose process is killed while it writes, again and again: what was acknowledged is there, and nothing is corrupt.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DeviceRecord, openRegistry } from '@streams/hub';
import { expect } from 'vitest';
import { RegistryChild } from './registry-child.ts';
import { LANES, recordAt, stateAfter } from './registry-steps.mjs';

/** Registries that are killed beside one another: most of the time is the start of a process. */
const REGISTRIES = 4;
const STEPS_PER_LIFE = 1_000_000;
const LONGEST_LIFE_MS = 30;
/** Never changed, and must never change. */
const BYSTANDERS = Array.from({ length: 50 }, (_, index): DeviceRecord => ({ ...recordAt(0, index), deviceId: `bystander-${index}` }));

/** Kills so many writers, at chance moments. @returns How many writes had been acknowledged. */
export async function killWriters(kills: number): Promise<number> {
  const counts = await Promise.all(Array.from({ length: REGISTRIES }, () => killAgainAndAgain(kills / REGISTRIES)));
  return counts.reduce((sum, count) => sum + count, 0);
}

async function killAgainAndAgain(times: number): Promise<number> {
  let acknowledged = 0;
  const dataDirectory = await mkdtemp(join(tmpdir(), 'streams-kills-'));
  const registry = await openRegistry({ dataDirectory });
  await Promise.all(BYSTANDERS.map((record) => registry.put(record)));
  await registry.close();
  let before: (DeviceRecord | undefined)[] = LANES.map(() => undefined);
  for (let life = 1; life <= times; life += 1) {
    const firstStep = life * STEPS_PER_LIFE;
    const child = await RegistryChild.start(dataDirectory, { firstStep });
    await new Promise((resolve) => setTimeout(resolve, Math.random() * LONGEST_LIFE_MS));
    await child.killed();
    const after = await read(dataDirectory);
    for (const lane of LANES) {
      const last = child.lastSteps.get(lane) ?? firstStep - 1;
      acknowledged += last - firstStep + 1;
      // The step after the last one that was acknowledged may have been carried out, or not.
      expect([last < firstStep ? before[lane] : stateAfter(lane, last), stateAfter(lane, last + 1)]).toContainEqual(after[lane]);
    }
    before = after;
  }
  await rm(dataDirectory, { recursive: true });
  return acknowledged;
}

/** The devices of all lanes, by a registry that is opened anew. */
async function read(dataDirectory: string): Promise<(DeviceRecord | undefined)[]> {
  await using registry = await openRegistry({ dataDirectory });
  expect(await Promise.all(BYSTANDERS.map(({ deviceId }) => registry.get(deviceId)))).toEqual(BYSTANDERS);
  return Promise.all(LANES.map((lane) => registry.get(`device-${lane}`)));
}
