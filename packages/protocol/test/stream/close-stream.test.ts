// The graceful end of one stream: close() and `await using`.
import { describe, expect, it } from 'vitest';
import { HalfStream } from '../support/half-stream.ts';

describe('close', () => {
  it('sends what was written, ends, discards what nobody reads, and resolves with the outcome', async () => {
    const half = new HalfStream().reading();
    half.sendData('nobody asked');
    half.stream.write('the last words');
    const closed = half.stream.close();
    await half.turns();
    expect(half.received.map((frame) => Buffer.from(frame).toString())).toEqual(['\0the last words', '\u0001']);
    half.sendFin();
    expect(await closed).toEqual({ by: 'local', reason: '', clean: true });
    expect(await half.stream.close()).toEqual({ by: 'local', reason: '', clean: true });
    expect(half.clock.pendingTimers).toBe(0);
  });

  it('leaves to a reader what it reads', async () => {
    const half = new HalfStream().reading();
    const seen: string[] = [];
    half.stream.on('data', (chunk) => seen.push(String(chunk))).pause();
    const closed = half.stream.close();
    half.sendData('to the end');
    half.sendFin();
    await half.turns();
    expect(seen).toEqual([]);
    half.stream.resume();
    expect(await closed).toMatchObject({ clean: true });
    expect(seen).toEqual(['to the end']);
  });

  it('aborts after five seconds a stream whose other side does not end', async () => {
    const half = new HalfStream().reading();
    const closed = half.stream.close();
    await half.clock.advance(4_999);
    expect(half.stream.destroyed).toBe(false);
    await half.clock.advance(1);
    expect(await closed).toEqual({ by: 'local', reason: 'the stream was closed', clean: false });
    expect(await half.peerEnd).toMatchObject({ code: 4400, reason: 'the stream was closed' });
    expect(half.clock.pendingTimers).toBe(0);
  });

  it('tells how a stream ended that is over', async () => {
    const half = new HalfStream().reading();
    half.stream.abort('enough');
    expect(await half.stream.close()).toEqual({ by: 'local', reason: 'enough', clean: false });
    expect(half.clock.pendingTimers).toBe(0);
  });
});

describe('await using', () => {
  it('waits for the clean end of a stream that was read and written to its end', async () => {
    const half = new HalfStream().reading();
    {
      await using stream = half.stream;
      stream.end('question');
      half.sendData('answer');
      half.sendFin();
      expect((await stream.toArray()).join('')).toBe('answer');
    }
    expect(await half.outcome()).toEqual({ by: 'local', reason: '', clean: true });
  });

  it.each([
    ['has not ended', (): void => undefined],
    ['has ended, and not read the answer', (half: HalfStream): void => void half.stream.end()],
  ])('ends at once, for both, a stream that is left by who %s', async (_what, act) => {
    const half = new HalfStream().reading();
    const leave = async (): Promise<void> => {
      await using stream = half.stream;
      stream.write('half of someth');
      act(half);
      throw new Error('left');
    };
    await expect(leave()).rejects.toThrow('left');
    expect(await half.outcome()).toEqual({ by: 'local', reason: '', clean: false });
    expect(await half.peerEnd).toMatchObject({ code: 4400 });
    expect(half.errors).toEqual([]);
  });
});
