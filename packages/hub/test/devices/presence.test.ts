// Since when devices are connected, and when they were last: over links that come and go, a hub that is killed, and thousands that drop at once.
import { type HubMessage, memoryLegPair } from '@streams/protocol/internal';
import { FakeClock } from '@streams/testkit';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Presence } from '../../src/control/presence.ts';
import { Sessions } from '../../src/control/sessions.ts';
import { silentObserver } from '../../src/diagnostics/observer.ts';
import { LastSeenJournal } from '../../src/devices/last-seen-journal.ts';
import { MemoryRegistry } from '../../src/devices/memory-registry.ts';
import type { LastSeen } from '../../src/devices/registry.ts';

const WELCOME: HubMessage = { type: 'welcome', hub: { name: 'hub', version: '0' }, streamingEndpoints: [], timeMs: 0, capabilities: [] };
const START_MS = 1_000_000;
let clock: FakeClock;
let registry: MemoryRegistry;
let batches: number[];
let logged: object[];
let journal: LastSeenJournal;
let presence: Presence;
let sessions: Sessions;

beforeEach(() => {
  clock = new FakeClock(START_MS);
  registry = new MemoryRegistry();
  [batches, logged] = [[], []];
  open(registry.lastSeen);
});
afterEach(async () => {
  sessions.close(1012, '', new Set());
  await journal.close();
  await clock.advance(3_000);
  expect(clock.pendingTimers).toBe(0);
});

function open(kept: LastSeen | undefined): void {
  const ignore = (): void => undefined;
  const lastSeen = kept && {
    ...kept,
    put: (times: ReadonlyMap<string, number>) => {
      batches.push(times.size);
      return kept.put(times);
    },
  };
  journal = new LastSeenJournal({ clock, lastSeen, logger: { info: ignore, warn: ignore, error: (fields) => logged.push(fields) } });
  presence = new Presence(clock, (deviceId) => journal.seen(deviceId));
  sessions = new Sessions({ clock, welcome: () => WELCOME, onLost: ignore, presence, observer: silentObserver });
}

async function reopen(kept: LastSeen | undefined): Promise<void> {
  sessions.close(1012, '', new Set());
  await journal.close();
  open(kept);
}

async function connect(deviceId: string, instanceId = 'one'): Promise<() => void> {
  await registry.put({ deviceId, enabled: true, keys: ['a', 'b'] });
  const [leg, hubLeg] = memoryLegPair(clock);
  leg.resume();
  sessions.attach({ deviceId, instanceId, leg: hubLeg, keyId: 'first', expiresInMs: 86_400_000 });
  return () => leg.terminate();
}

const kept = async (deviceId: string): Promise<number | undefined> => (await registry.lastSeen.get([deviceId])).get(deviceId);

it('a device is connected from its first link to its last, and again from the next', async () => {
  const first = await connect('a');
  await clock.advance(500);
  const second = await connect('a');
  first();
  await clock.advance(500);
  expect(presence.sinceMs('a')).toBe(START_MS);
  second();
  // The end of a link in memory takes a millisecond.
  await clock.advance(1);
  expect(presence.sinceMs('a')).toBeUndefined();
  await clock.advance(99);
  expect((await journal.find(['a', 'b'])).get('a')).toBe(START_MS + 1_001);
  await connect('a');
  expect(presence.sinceMs('a')).toBe(START_MS + 1_100);
  await clock.advance(100);
  await connect('a', 'two');
  expect(presence.sinceMs('a')).toBe(START_MS + 1_200);
  expect([...presence.ids('', '')]).toEqual(['a']);
});

it('who stays connected is written again, for the case that the hub is killed', async () => {
  await connect('a');
  await clock.advance(3_000, { stepMs: 500 });
  expect(await kept('a')).toBe(START_MS);
  await clock.advance(1_300_000, { stepMs: 100_000 });
  expect(await kept('a')).toBe(START_MS + 1_200_000);
});

it('thousands that drop at once are written a little later, a batch at a time', async () => {
  const ids = Array.from({ length: 1_200 }, (_, index) => `d-${index}`);
  const drops: (() => void)[] = [];
  for (const id of ids) drops.push(await connect(id));
  await clock.advance(1_000);
  batches.length = 0;
  const changes: unknown[] = [];
  registry.changes((change) => changes.push(change));
  for (const drop of drops) drop();
  await clock.advance(1);
  await clock.advance(999);
  expect(batches).toEqual([500, 500, 200]);
  expect(await kept('d-1199')).toBe(START_MS + 1_001);
  expect(changes).toEqual([]);
});

it('what cannot be written is said, kept in mind, and written with the next', async () => {
  let isFull = true;
  await reopen({ ...registry.lastSeen, put: (times) => (isFull ? Promise.reject(new Error('full')) : registry.lastSeen.put(times)) });
  await connect('a');
  await clock.advance(1_000);
  await clock.advance(3_000, { stepMs: 500 });
  expect(logged).toMatchObject([{ err: { message: 'full' } }]);
  expect((await journal.find(['a'])).get('a')).toBe(START_MS);
  isFull = false;
  await connect('b');
  await clock.advance(1_000);
  expect(await kept('a')).toBe(START_MS);
});

it('a registry that keeps no such times is asked for none', async () => {
  await reopen(undefined);
  (await connect('a'))();
  await clock.advance(2_000);
  expect(await journal.find(['a'])).toEqual(new Map());
});
