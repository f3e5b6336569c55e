// The streams of a client that closes: it waits for them, but not for ever.
import { FakeClock } from '@streams/testkit';
import { describe, expect, it } from 'vitest';
import { OpenStreams } from '../../src/stream/open-streams.ts';
import { clientLogger } from '../../src/telemetry/client-logger.ts';
import { silentLogger } from '../../src/telemetry/logger.ts';
import { HalfStream } from '../support/half-stream.ts';

const LIMIT_MS = 5_000;

function create(count: number): [OpenStreams, HalfStream[], FakeClock] {
  const open = new OpenStreams({ side: 'device', logger: clientLogger(silentLogger), opened: () => undefined, closed: () => undefined });
  const halves = Array.from({ length: count }, () => new HalfStream().reading());
  for (const { stream } of halves) expect(open.add(stream)).toBe(stream);
  return [open, halves, new FakeClock()];
}

async function finish(half: HalfStream): Promise<void> {
  half.stream.resume().end();
  half.sendFin();
  expect(await half.outcome()).toMatchObject({ clean: true });
}

/** Whether `promise` is settled by now. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  void promise.finally(() => (settled = true));
  for (let turn = 0; turn < 12; turn += 1) await new Promise(setImmediate);
  return settled;
}

describe('drain', () => {
  it('is over at once where there is none', async () => {
    const [open, , clock] = create(0);
    await open.drain(clock, LIMIT_MS);
    expect(clock.pendingTimers).toBe(0);
  });

  it('waits for the last, however that ends', async () => {
    const [open, [first, second], clock] = create(2);
    const drained = open.drain(clock, LIMIT_MS);
    await finish(first as HalfStream);
    expect(await isSettled(drained)).toBe(false);
    second?.peer.terminate();
    await drained;
    expect(clock.pendingTimers).toBe(0);
  });

  it('aborts what is left after its time, and says why', async () => {
    const [open, [first, second], clock] = create(2);
    await finish(first as HalfStream);
    const drained = open.drain(clock, LIMIT_MS);
    await clock.advance(LIMIT_MS - 1);
    expect(await isSettled(drained)).toBe(false);
    await clock.advance(1);
    expect(await second?.peerEnd).toMatchObject({ code: 4400, reason: 'the client was closed' });
    await drained;
    expect(await second?.outcome()).toEqual({ by: 'local', reason: 'the client was closed', clean: false });
  });

  it('does not wait for what has ended long ago', async () => {
    const [open, [half], clock] = create(1);
    await finish(half as HalfStream);
    await open.drain(clock, LIMIT_MS);
    expect(half?.events).toEqual(['end', 'finish', 'close']);
  });
});

describe('abort', () => {
  it('ends all at once, and none twice', async () => {
    const [open, halves] = create(3);
    const [ended] = halves as [HalfStream];
    await finish(ended);
    // What has ended is no longer kept.
    ended.stream.abort = () => expect.unreachable();
    open.abort();
    open.abort();
    for (const half of halves.slice(1)) expect(await half.peerEnd).toMatchObject({ code: 4400, reason: 'the client was closed' });
  });
});
