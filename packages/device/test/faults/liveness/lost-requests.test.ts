// A request, or its answer, that is lost together with the control link: it goes over the next link of the same client.
import { INSTANCE_GRACE_MS } from '@streams/protocol/internal';
import type { DeviceStream, ServiceClient } from '@streams/service';
import { type FaultProxy, leakCheck, type ProxySide } from '@streams/testkit';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { DEVICE, echo, MIDDLE, type Rig, roundTrip, startRig, until } from '../../support/rig.ts';

const leaks = leakCheck();
afterAll(() => leaks.settled());

/** When a client whose link is lost dials the next one. */
const BACK_MS = 1_000;

let rig: Rig;
let proxy: FaultProxy;
let service: ServiceClient;
/** What the device's application was asked. */
let asked: string[];

beforeEach(async () => {
  rig = await startRig();
  proxy = await rig.proxy();
  asked = [];
  const device = await rig.device({ port: proxy.port, random: MIDDLE });
  device.onStreamRequest(async (request) => {
    asked.push(request.name);
    if (request.name === 'welcome') echo(await request.accept());
    else request.reject('not today');
  });
  await device.connect();
  service = await rig.service();
});

interface Lost {
  readonly stream: Promise<DeviceStream>;
  /** When the link was lost. */
  readonly lostMs: number;
}

/** Asks for a stream; what the control link carries `up` to the hub or `down` to the device is lost with it, at both ends or one. */
async function askAndLose(way: 'up' | 'down', name = 'welcome', side?: ProxySide): Promise<Lost> {
  const [link] = proxy.connections;
  link?.inject({ [way]: { frozen: true } });
  const stream = service.createStream(DEVICE, { name, resume: 'off' });
  stream.catch(() => undefined);
  await until('that the hub has asked', () => rig.hub.hub.openStreams === 1);
  if (way === 'up') await until('that the device was asked', () => asked.length === 1);
  else expect(asked).toEqual([]);
  link?.reset(side);
  return { stream, lostMs: rig.clock.monotonicMs() };
}

describe('a request that is lost with the control link', () => {
  it.each([
    ['reaches the device over its next link', undefined],
    ['does so as well where the hub knows of no loss', 'client'],
  ] as const)('E3 %s', async (_, side) => {
    const { stream, lostMs } = await askAndLose('down', 'welcome', side);
    expect(await roundTrip(await rig.passUntil(stream), 'here')).toBe('here');
    expect(rig.clock.monotonicMs() - lostMs).toBeLessThan(BACK_MS + 500);
    expect(asked).toEqual(['welcome']);
  });

  it('E3 fails as soon as the device has had its time to come back, and has not', async () => {
    proxy.connections[0]?.inject({ down: { frozen: true } });
    const { stream, lostMs } = await askAndLose('down');
    proxy.inject({ up: { frozen: true } });
    await expect(rig.passUntil(stream)).rejects.toMatchObject({ code: 'STREAMS_DEVICE_NOT_CONNECTED', details: { phase: 'answer' } });
    expect(rig.clock.monotonicMs() - lostMs).toBeLessThan(INSTANCE_GRACE_MS + 500);
    expect(asked).toEqual([]);
  });
});

describe('an answer that is lost with the control link', () => {
  it('E3 is said again, and the application is not asked again', async () => {
    const { stream, lostMs } = await askAndLose('up');
    expect(await roundTrip(await rig.passUntil(stream), 'here')).toBe('here');
    expect(rig.clock.monotonicMs() - lostMs).toBeLessThan(BACK_MS + 500);
    expect(asked).toEqual(['welcome']);
  });

  it('E3 is said again too where it was no', async () => {
    const { stream } = await askAndLose('up', 'nobody');
    await expect(rig.passUntil(stream)).rejects.toMatchObject({ code: 'STREAMS_STREAM_REJECTED', reason: 'not today' });
    expect(asked).toEqual(['nobody']);
  });
});
