// Connections on which suddenly nothing comes any more, not even an end: whoever is left is told, in time.
import { once } from 'node:events';
import { CLOSE_PEER_LOST, LEG_DEAD_MS, LINK_DEAD_MS } from '@streams/protocol/internal';
import type { DeviceStream } from '@streams/service';
import { leakCheck, NO_FAULTS } from '@streams/testkit';
import { afterAll, describe, expect, it } from 'vitest';
import { DEVICE, type Rig, roundTrip, startRigBehind, until } from '../../support/rig.ts';

const leaks = leakCheck();
afterAll(() => leaks.settled());

const FROZEN = { up: { frozen: true }, down: { frozen: true } };
const HEALED = { up: NO_FAULTS, down: NO_FAULTS };
/** A look at the clock, every second of it. */
const TICK_MS = 1_000;

/** When it came, in milliseconds on the clock. */
async function timeOf<T>(rig: Rig, promise: Promise<T>): Promise<{ ms: number; value: T }> {
  const startMs = rig.clock.monotonicMs();
  const value = await promise;
  return { ms: rig.clock.monotonicMs() - startMs, value };
}

async function failureOf(stream: DeviceStream): Promise<unknown> {
  return (await once(stream, 'error'))[0];
}

describe('E1 a leg goes silent', () => {
  // The device dials first.
  it.each([
    ['device', 0],
    ['service', 1],
  ] as const)("E1 the %s's: its own side knows within 25 s, and the other one is told 4410", async (side, index) => {
    const { rig, proxy: legs } = await startRigBehind((port) => ({ streamingUrl: `https://127.0.0.1:${port}` }));
    let accepted: DeviceStream | undefined;
    await rig.device(async (request) => void (accepted = await request.accept()));
    const here = await (await rig.service()).createStream(DEVICE, { resume: 'off' });
    await until('the device has it', () => accepted !== undefined);
    const [near, far] = side === 'service' ? [here, accepted as unknown as DeviceStream] : [accepted as unknown as DeviceStream, here];
    const failures = Promise.all([timeOf(rig, failureOf(near)), timeOf(rig, failureOf(far))]);
    legs.connections[index]?.inject(FROZEN);
    const [nearEnd, farEnd] = await rig.passUntil(failures, 500);
    console.log(`E1: the ${side}'s leg is silent: its own side knew after ${nearEnd.ms} ms, the other one after ${farEnd.ms} ms`);
    expect(nearEnd.value).toMatchObject({ code: 'STREAMS_STREAM_TERMINATED', by: 'network' });
    expect(farEnd.value).toMatchObject({ code: 'STREAMS_STREAM_TERMINATED', by: 'peer', closeCode: CLOSE_PEER_LOST });
    for (const { ms } of [nearEnd, farEnd]) expect(ms).toBeLessThanOrEqual(LEG_DEAD_MS + TICK_MS);
    legs.inject(HEALED);
  });
});

it('E1 a control link goes silent: hub and device know within 45 s, and the device comes back by itself', async () => {
  const { rig, proxy: link } = await startRigBehind(() => ({}));
  const device = await rig.device(undefined, { port: link.port });
  const service = await rig.service();
  link.connections[0]?.inject(FROZEN);
  const left = new Promise<void>((resolve) => device.on('state', ({ name }) => name === 'waiting' && resolve()));
  const { ms } = await rig.passUntil(timeOf(rig, left), 500);
  console.log(`E1: the device knew after ${ms} ms`);
  // It looks every five seconds.
  expect(ms).toBeLessThanOrEqual(LINK_DEAD_MS + 5 * TICK_MS);
  await rig.passUntil(until('it is back', () => device.state.name === 'connected'));
  expect(await roundTrip(await rig.passUntil(service.createStream(DEVICE, { resume: 'off' })), 'back')).toBe('back');
});
