// Connections that die at any byte of a handshake: always a stream or a typed error, in time, and nothing left behind.
import { once } from 'node:events';
import { CLOSE_PEER_LOST, LEG_DEAD_MS } from '@streams/protocol/internal';
import type { ServiceClient } from '@streams/service';
import { StreamsError } from '@streams/service';
import { type FaultConnection, type FaultProxy, NO_FAULTS } from '@streams/testkit';
import { describe, expect, it } from 'vitest';
import { RawDevice } from '../../support/raw-device.ts';
import { DEVICE, expectNoLeaks, type Rig, roundTrip, startRigBehind, until } from '../../support/rig.ts';

expectNoLeaks();

const TEXT = 'a stream, whole';
const TIMEOUT_MS = 2_000;
const HEALED = { up: NO_FAULTS, down: NO_FAULTS };

type Direction = 'up' | 'down';

/** A hub whose legs run through one proxy, the device's link through another, and the service's calls through a third. */
interface Scene {
  readonly rig: Rig;
  readonly legs: FaultProxy;
  readonly link: FaultProxy;
  readonly calls: FaultProxy;
  /** Timers of a device that is connected, and of its link at the hub. */
  readonly timers: number;
}

async function scene(): Promise<Scene> {
  const { rig, proxy: legs } = await startRigBehind((port) => ({ streamingUrl: `https://127.0.0.1:${port}` }));
  const [link, calls] = [await rig.proxy(), await rig.proxy()];
  await rig.device(undefined, { port: link.port });
  return { rig, legs, link, calls, timers: rig.clock.pendingTimers };
}

/** Tries for a stream, by a client with no connection yet, and says what came of it: its bytes, or the code of an error. */
async function attempt({ rig, calls }: Scene, onCall: (service: ServiceClient) => void = () => undefined): Promise<string> {
  const service = await rig.service({ port: calls.port });
  const startMs = rig.clock.monotonicMs();
  const created = service.createStream(DEVICE, { timeoutMs: TIMEOUT_MS, resume: 'off' });
  onCall(service);
  const outcome = created
    .then((stream) => roundTrip(stream, TEXT))
    .catch((error: unknown) => (StreamsError.is(error) ? error.code : `an untyped error: ${String(error)}`));
  const result = await rig.passUntil(outcome, 250);
  // The hub ends it after its time, the client by itself five seconds later.
  expect(rig.clock.monotonicMs() - startMs).toBeLessThanOrEqual(TIMEOUT_MS + 6_000);
  await rig.passUntil(service.close());
  return result;
}

/** Nothing is left of an attempt but the connected device. */
async function settle({ rig, timers, legs, calls, link }: Scene): Promise<void> {
  for (const proxy of [legs, calls, link]) proxy.inject(HEALED);
  const calm = (): boolean => rig.clock.pendingTimers === timers && legs.connections.length === 0 && calls.connections.length === 0;
  await rig.passUntil(until('nothing is left', calm, 5_000), 250);
  expect(rig.records.filter(({ operation }) => operation === 'stream').length).toBe(
    rig.records.filter(({ operation, result }) => operation === 'handshake' && result === 'established').length,
  );
}

/** Byte counts from nothing to the whole, and one that is never reached. */
function points(total: number): number[] {
  const within = Array.from({ length: 10 }, (_, index) => Math.round((total * index) / 9));
  return [...within, total * 10];
}

/** Every code that such a death may show as. */
const CODES = /^STREAMS_(CONNECT_FAILED|HANDSHAKE_TIMEOUT|STREAM_GONE|STREAM_TERMINATED|DEVICE_NOT_CONNECTED)$/;

function expectTyped(outcomes: readonly string[]): void {
  for (const outcome of outcomes) if (outcome !== TEXT) expect(outcome).toMatch(CODES);
  // The range reaches from certain death to survival, or the test tests nothing.
  expect(outcomes[0]).not.toBe(TEXT);
  expect(outcomes.at(-1)).toBe(TEXT);
}

/** Waits for a proxy's first connection, without a turn of the event loop in between. */
function firstConnection(proxy: FaultProxy): Promise<FaultConnection> {
  return new Promise((resolve) => {
    const look = (): void => {
      const [connection] = proxy.connections;
      if (connection) resolve(connection);
      else setImmediate(look);
    };
    look();
  });
}

/** How many bytes each way an undisturbed handshake takes on a leg and on the service's connection. */
async function measure(at: Scene): Promise<{ leg: Record<Direction, number>; call: Record<Direction, number> }> {
  const first = firstConnection(at.legs);
  const calls = firstConnection(at.calls);
  expect(await attempt(at)).toBe(TEXT);
  await settle(at);
  const [leg, call] = [await first, await calls];
  const bytes = ({ up, down }: FaultConnection): Record<Direction, number> => ({ up: up.forwarded, down: down.forwarded });
  return { leg: bytes(leg), call: bytes(call) };
}

describe.each<Direction>(['up', 'down'])('a connection that dies after so many bytes (%s)', (direction) => {
  it("E3 is the service's, with its calls", async () => {
    const at = await scene();
    const { call } = await measure(at);
    const outcomes: string[] = [];
    for (const cutAfterBytes of points(call[direction])) {
      at.calls.inject({ [direction]: { cutAfterBytes } });
      outcomes.push(await attempt(at));
      await settle(at);
    }
    expectTyped(outcomes);
  });

  it("E3 is the device's leg", async () => {
    const at = await scene();
    const { leg } = await measure(at);
    const outcomes: string[] = [];
    for (const cutAfterBytes of points(leg[direction])) {
      at.legs.inject({ [direction]: { cutAfterBytes } });
      // The device dials beside its answer, and so before the service can.
      const healed = firstConnection(at.legs).then((device) => {
        const left = Math.max(0, cutAfterBytes - device[direction].forwarded);
        at.legs.inject(HEALED);
        device.inject({ [direction]: { cutAfterBytes: left } });
      });
      outcomes.push(await attempt(at));
      await healed;
      await settle(at);
    }
    expectTyped(outcomes);
  });

  it("E3 is the service's leg", async () => {
    const at = await scene();
    const { leg } = await measure(at);
    const outcomes: string[] = [];
    for (const cutAfterBytes of points(leg[direction])) {
      const cut = firstConnection(at.legs).then((device) => {
        at.legs.inject({ [direction]: { cutAfterBytes } });
        device.inject(HEALED);
      });
      outcomes.push(await attempt(at));
      await cut;
      await settle(at);
    }
    expectTyped(outcomes);
  });

  it("E3 is the device's link, while it is asked or answers", async () => {
    const at = await scene();
    const outcomes: string[] = [];
    const before = at.link.connections[0]?.[direction].forwarded ?? 0;
    expect(await attempt(at)).toBe(TEXT);
    await settle(at);
    const bytes = (at.link.connections[0]?.[direction].forwarded ?? 0) - before;
    expect(bytes).toBeGreaterThan(100);
    for (const cutAfterBytes of points(bytes)) {
      at.link.connections[0]?.inject({ [direction]: { cutAfterBytes } });
      outcomes.push(await attempt(at));
      await settle(at);
    }
    expect(outcomes.filter((outcome) => outcome !== TEXT && !CODES.test(outcome))).toEqual([]);
    expect(outcomes.at(-1)).toBe(TEXT);
  });
});

describe("what a device says of its leg's loss", () => {
  it('ends the handshake at once, where it gets no leg', async () => {
    const at = await scene();
    const startMs = at.rig.clock.monotonicMs();
    const first = firstConnection(at.legs);
    void first.then((device) => device.reset('client'));
    expect(await attempt(at)).toBe('STREAMS_STREAM_GONE');
    expect(at.rig.clock.monotonicMs() - startMs).toBeLessThan(TIMEOUT_MS);
    (await first).reset();
    await settle(at);
  });

  it('ends the stream at once, where the hub sees nothing of it', async () => {
    const { rig, legs } = await scene();
    const stream = await (await rig.service()).createStream(DEVICE, { resume: 'off' });
    const ended = once(stream, 'error');
    const startMs = rig.clock.monotonicMs();
    legs.connections[0]?.reset('client');
    expect(await rig.passUntil(ended)).toMatchObject([{ code: 'STREAMS_STREAM_TERMINATED', by: 'peer', closeCode: CLOSE_PEER_LOST }]);
    expect(rig.clock.monotonicMs() - startMs).toBeLessThan(LEG_DEAD_MS / 2);
  });

  it('counts for its own streams alone', async () => {
    const { rig } = await scene();
    const stream = await (await rig.service()).createStream(DEVICE, { resume: 'off' });
    const intruder = await RawDevice.connect(rig, 'pump-8');
    const asked = (await rig.service()).createStream('pump-8');
    asked.catch(() => undefined);
    const { streamId } = await intruder.message();
    intruder.send({ type: 'lost', streamId: stream.id });
    // What follows on the same link is there: so was that.
    intruder.send({ type: 'reject', streamId, code: 'STREAM_REJECTED', reason: '' });
    await expect(asked).rejects.toMatchObject({ code: 'STREAMS_STREAM_REJECTED' });
    expect(await roundTrip(stream, TEXT)).toBe(TEXT);
  });
});
