// A machine that sleeps while its network goes: its clocks stand still, those of all others do not. Awake, it finds out soon.
import type { DeviceStream } from '@streams/device';
import { describe, expect, it } from 'vitest';
import { expectNoLeaks, until } from '../support/rig.ts';
import { openPair, type Pair, type Scene, startScene } from '../support/session-scene.ts';
import { SleepingClock } from '../support/sleeping-clock.ts';

expectNoLeaks();

const FROZEN = { up: { frozen: true }, down: { frozen: true } };
/** Of fake time: the waits here are long. */
const PIECE_MS = 50;
type Side = 'service' | 'device';

interface Asleep {
  readonly scene: Scene;
  readonly pair: Pair;
  /** What has come so far. */
  readonly received: readonly (() => string)[];
  readonly wake: () => void;
}

function textOf(stream: DeviceStream): () => string {
  let text = '';
  stream.on('data', (chunk: Buffer) => void (text += chunk.toString()));
  return () => text;
}

/** A stream of whose two machines one, asleep, has lost all connections and does not know. */
async function asleep(side: Side, sleepMs: number, resumeTimeoutMs: number): Promise<Asleep> {
  let clock: SleepingClock | undefined;
  const scene = await startScene({}, (rigClock) => ({ [side]: { clock: (clock = new SleepingClock(rigClock)) } }));
  const pair = await openPair(scene, { resumeTimeoutMs });
  const { rig, link, legs } = scene;
  // Both have met, and all is acknowledged.
  const received = [textOf(pair.here), textOf(pair.there)] as const;
  pair.here.write('hello, ');
  pair.there.write('hello, ');
  await until('both have met', () => received.every((text) => text() === 'hello, '));
  await rig.clock.advance(1_000, { realMs: 1 });
  const [device, service] = legs.connections;
  for (const connection of side === 'device' ? [device, ...link.connections] : [service]) connection?.inject(FROZEN);
  clock?.sleep();
  pair.here.write('to the device');
  pair.there.write('to the service');
  await rig.clock.advance(sleepMs, { stepMs: 1_000, realMs: 1 });
  const [mine, theirs] = side === 'service' ? [pair.events.here, pair.events.there] : [pair.events.there, pair.events.here];
  expect([mine, theirs[0]]).toEqual([[], 'suspended']);
  return { scene, pair, received, wake: () => clock?.wake() };
}

describe.each<[Side, number]>([
  // Twice five seconds until it is seen, and a handshake.
  ['service', 12_000],
  // Beside them the link is to be made again, and asked.
  ['device', 20_000],
])('the %s', (side, withinMs) => {
  it('goes on where it stood, where it slept less than the resume time', async () => {
    const { scene, pair, received, wake } = await asleep(side, 40_000, 120_000);
    const wokeAtMs = scene.rig.clock.monotonicMs();
    wake();
    const resumed = until('both go on', () => [pair.events.here, pair.events.there].every((events) => events.at(-1) === 'resumed'), 10_000);
    await scene.rig.passUntil(resumed, PIECE_MS);
    expect(scene.rig.clock.monotonicMs() - wokeAtMs).toBeLessThan(withinMs);
    await scene.rig.passUntil(
      until('all has come', () => received.every((text) => /device|service/.test(text()))),
      PIECE_MS,
    );
    expect(received.map((text) => text())).toEqual(['hello, to the service', 'hello, to the device']);
    expect([pair.events.here, pair.events.there]).toEqual([
      ['suspended', 'resumed'],
      ['suspended', 'resumed'],
    ]);
  });

  it('ends with a typed error soon after it wakes, where it slept longer', async () => {
    const { scene, pair, wake } = await asleep(side, 40_000, 5_000);
    const [mine, theirs] = side === 'service' ? [pair.here, pair.there] : [pair.there, pair.here];
    expect(theirs.errored).toMatchObject({ code: 'STREAMS_SESSION_LOST', failure: 'RESUME_TIMEOUT' });
    const wokeAtMs = scene.rig.clock.monotonicMs();
    wake();
    const error = await scene.rig.passUntil(new Promise((resolve) => mine.once('error', resolve)), PIECE_MS);
    // The device that is asked knows better; a device is not asked any more.
    const failure = side === 'service' ? 'RESUME_IMPOSSIBLE' : 'RESUME_TIMEOUT';
    expect(error).toMatchObject({ code: 'STREAMS_SESSION_LOST', failure });
    expect(scene.rig.clock.monotonicMs() - wokeAtMs).toBeLessThan(withinMs);
  });
});
