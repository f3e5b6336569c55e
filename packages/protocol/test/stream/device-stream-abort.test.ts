// Ends that this side makes: abort, destroy, a write that fails; the first reason counts, and nothing is left waiting.
import { FakeClock } from '@streams/testkit';
import { describe, expect, it } from 'vitest';
import { memoryLegPair } from '../../src/leg/memory-leg.ts';
import { DeviceStream } from '../../src/stream/device-stream.ts';
import { HalfStream } from '../support/half-stream.ts';

const MIB = 1_048_576;

/** A stream that has sent and received FIN and waits for the peer's close. */
async function closingCleanly(): Promise<HalfStream> {
  const half = new HalfStream().reading();
  half.peer.once('message', () => half.peer.pause());
  half.stream.resume();
  half.sendFin();
  half.stream.end();
  await half.turns();
  return half;
}

describe('abort', () => {
  it('closes with 4400 and the reason, of which 123 bytes travel', async () => {
    const half = new HalfStream().reading();
    const reason = '€'.repeat(100);
    expect(half.stream.abort(reason)).toBe(half.stream);
    expect(await half.peerEnd).toEqual({ code: 4400, reason: '€'.repeat(41), violation: false });
    expect(await half.outcome()).toEqual({ by: 'local', reason, clean: false });
    expect(half.events).toEqual(['close']);
  });

  it('drops what was not handed over, and fails the write', async () => {
    const half = new HalfStream();
    const failure = new Promise<unknown>((resolve) => half.stream.write(Buffer.alloc(16 * MIB), resolve));
    half.stream.abort('enough');
    expect(await failure).toMatchObject({ code: expect.stringMatching(/^(STREAMS_STREAM_TERMINATED|ERR_STREAM_DESTROYED)$/) as string });
    expect(half.stream.bytesWritten).toBeLessThanOrEqual(MIB);
    half.reading();
    expect(await half.peerEnd).toMatchObject({ code: 4400, reason: 'enough' });
    expect(Buffer.concat(half.received).length).toBeLessThanOrEqual(MIB);
  });

  it('is over after a second, where the peer does not read', async () => {
    const half = new HalfStream();
    half.stream.abort('not heard');
    await half.clock.advance(999);
    expect(await half.outcome()).toBe('still open');
    await half.clock.advance(1);
    expect(await half.outcome()).toEqual({ by: 'local', reason: 'not heard', clean: false });
    expect(await half.peerEnd).toMatchObject({ code: 1006 });
    expect(half.clock.pendingTimers).toBe(0);
  });

  it('for the second time changes nothing', async () => {
    const half = new HalfStream().reading();
    half.stream.abort('first');
    half.stream.abort('second');
    expect(await half.peerEnd).toMatchObject({ reason: 'first' });
    expect(await half.outcome()).toMatchObject({ reason: 'first' });
  });

  it('destroys a stream whose peer has ended cleanly, and that nobody has read to its end', async () => {
    const half = new HalfStream().reading();
    half.sendData('unread');
    half.sendFin();
    half.stream.end();
    await half.turns();
    half.peer.close(1000);
    await half.turns();
    expect(await half.outcome()).toBe('still open');
    half.stream.abort('not interested');
    expect(await half.outcome()).toMatchObject({ by: 'local' });
    await half.turns();
    expect(half.events).toEqual(['finish', 'close']);
  });

  it('after the end changes nothing', async () => {
    const half = await closingCleanly();
    half.reading();
    expect(await half.outcome()).toMatchObject({ clean: true });
    half.stream.abort('too late');
    await half.clock.advance(5_000);
    expect(await half.stream.outcome).toEqual({ by: 'local', reason: '', clean: true });
    expect(half.events).toEqual(['end', 'finish', 'close']);
  });

  it('of a stream that closes cleanly, for a peer that does not answer, cuts it', async () => {
    const half = await closingCleanly();
    await half.clock.advance(600_000);
    expect(await half.outcome()).toBe('still open');
    half.stream.abort('enough');
    await half.clock.advance(999);
    expect(await half.outcome()).toBe('still open');
    await half.clock.advance(1);
    expect(await half.outcome()).toEqual({ by: 'local', reason: 'enough', clean: false });
    expect(half.clock.pendingTimers).toBe(0);
  });
});

describe('destroy', () => {
  it('is an abort without words', async () => {
    const half = new HalfStream().reading();
    half.stream.destroy();
    expect(await half.peerEnd).toEqual({ code: 4400, reason: '', violation: false });
    expect(await half.outcome()).toEqual({ by: 'local', reason: '', clean: false });
    expect(half.events).toEqual(['close']);
  });

  it('with an error gives that error here, and none of its words to the peer', async () => {
    const half = new HalfStream().reading();
    const cause = new TypeError('a secret of this side');
    half.stream.destroy(cause);
    expect(await half.peerEnd).toEqual({ code: 4400, reason: '', violation: false });
    expect(await half.outcome()).toEqual({ by: 'local', reason: '', clean: false });
    expect(half.errors).toEqual([cause]);
  });

  it('ends nobody’s process, where nobody listens for errors', async () => {
    const uncaught: unknown[] = [];
    process.setUncaughtExceptionCaptureCallback((error) => uncaught.push(error));
    try {
      const legs = [memoryLegPair(new FakeClock()), memoryLegPair(new FakeClock())];
      const [destroyed, lost] = legs.map(([leg]) => new DeviceStream(leg, { id: 'i', name: 'n', deviceId: 'd' }));
      legs[0]?.[1].resume();
      destroyed?.destroy(new Error('nobody listens'));
      legs[1]?.[1].terminate();
      expect(await Promise.all([destroyed?.outcome, lost?.outcome])).toMatchObject([{ by: 'local' }, { by: 'network' }]);
      await new Promise(setImmediate);
    } finally {
      process.setUncaughtExceptionCaptureCallback(null);
    }
    expect(uncaught).toEqual([]);
  });
});

describe('writing', () => {
  it('finishes only when the FIN was taken', async () => {
    const half = new HalfStream();
    half.stream.end('last');
    await half.turns();
    expect(half.events).toEqual([]);
    half.reading();
    await half.turns();
    expect(half.events).toEqual(['finish']);
    expect(half.received.map((frame) => frame[0])).toEqual([0, 1]);
  });

  it('calls back for every write when the connection is lost', async () => {
    const half = new HalfStream();
    const writes = Array.from({ length: 8 }, () => new Promise((resolve) => half.stream.write(Buffer.alloc(MIB), resolve)));
    await half.turns();
    half.peer.terminate();
    const failures = await Promise.all(writes);
    expect(failures.filter((failure) => failure instanceof Error).length).toBeGreaterThan(6);
    expect(half.events).toEqual(['error', 'close']);
  });

  it('after the end is refused, and leaves the stream as it was', async () => {
    const half = new HalfStream().reading();
    half.stream.end();
    const refusal = await new Promise((resolve) => half.stream.write('late', resolve));
    expect(refusal).toMatchObject({ code: 'ERR_STREAM_WRITE_AFTER_END' });
  });
});
