// What a writer may count on: when its buffer is its own again, when to wait, and what becomes of what it wrote.
import { describe, expect, it } from 'vitest';
import type { Channel } from '../../../src/session/channels/channel.ts';
import { errorOf } from '../../support/errors.ts';
import { openChannel, Recorder, sessionPair, turn, turns } from '../../support/channel-pair.ts';

describe('a written buffer', () => {
  it('may be used again once the callback has run: the bytes were copied by then, held up or not', async () => {
    const pair = sessionPair();
    const far = new Recorder();
    const [own] = await openChannel(pair, new Recorder(), far);
    const buffer = Buffer.alloc(50_000);
    for (let round = 0; round < 20; round += 1) {
      buffer.fill(round);
      pair.service.isHeld = round % 3 === 0;
      const taken = new Promise<void>((resolve) => void own.write(buffer, resolve));
      await turns(2);
      pair.service.release();
      await taken;
      buffer.fill(0xff);
    }
    await turns();
    const expected = Buffer.concat(Array.from({ length: 20 }, (_, round) => Buffer.alloc(50_000, round)));
    expect(Buffer.concat(far.chunks).equals(expected)).toBe(true);
  });

  it('is not given back while a part of it waits for credit', async () => {
    const pair = sessionPair();
    const far = new Recorder();
    const [own, other] = await openChannel(pair, new Recorder(), far);
    other.pause();
    const buffer = Buffer.alloc(200_000, 'a');
    let isTaken = false;
    own.write(buffer, () => (isTaken = true));
    await turns();
    expect([isTaken, own.queuedBytes]).toEqual([false, 200_000 - 131_072]);
    other.resume();
    await turns();
    buffer.fill('b');
    expect([isTaken, far.text === 'a'.repeat(200_000)]).toEqual([true, true]);
  });

  it('is not sent later than what was written after it, nor told of out of order', async () => {
    const pair = sessionPair();
    const far = new Recorder();
    const [own] = await openChannel(pair, new Recorder(), far);
    const told: string[] = [];
    for (const text of ['', 'one ', '', 'two ', '', 'three', '']) own.write(Buffer.from(text), () => told.push(text));
    own.end(() => told.push('end'));
    await turns();
    expect([far.text, told]).toEqual(['one two three', ['', 'one ', '', 'two ', '', 'three', '', 'end']]);
  });

  it('is told of after the message was composed, not within', async () => {
    const pair = sessionPair();
    const [own] = await openChannel(pair);
    let isTaken = false;
    own.write(Buffer.from('x'), () => (isTaken = true));
    pair.service.compose();
    expect(isTaken).toBe(false);
    await Promise.resolve();
    expect(isTaken).toBe(true);
  });

  it('of nothing is told of, too', async () => {
    const [own] = await openChannel(sessionPair());
    await new Promise<void>((resolve) => void own.write(Buffer.alloc(0), resolve));
  });

  it('is never told of after a reset: neither of what waited nor of the end', async () => {
    const pair = sessionPair();
    const told: string[] = [];
    for (const reset of [(own: Channel) => own.reset(), (_: Channel, other: Channel) => other.reset()]) {
      const [own, other] = await openChannel(pair);
      pair.service.isHeld = true;
      own.write(Buffer.from('x'), () => told.push('taken'));
      own.end(() => told.push('end'));
      reset(own, other);
      await turns();
      pair.service.release();
      await turns();
      expect([told, own.queuedBytes, own.isClosed]).toEqual([[], 0, true]);
    }
  });
});

describe('room', () => {
  it('ends at 128 KiB, and is told of once it is there again', async () => {
    const pair = sessionPair();
    const near = new Recorder();
    const [own] = await openChannel(pair, near);
    pair.service.isHeld = true;
    expect([own.write(Buffer.alloc(131_071)), own.write(Buffer.alloc(1)), own.write(Buffer.alloc(1))]).toEqual([true, false, false]);
    await turns();
    expect(near.events).toEqual(['accepted']);
    pair.service.release();
    await turns();
    expect([near.events, own.write(Buffer.alloc(1))]).toEqual([['accepted', 'drain'], true]);
  });

  it('is not told of to whom has not been told to wait, nor after a reset', async () => {
    const pair = sessionPair();
    const near = new Recorder();
    const [own] = await openChannel(pair, near);
    own.write(Buffer.alloc(131_071));
    await turns();
    own.write(Buffer.alloc(200_000));
    own.reset();
    await turns();
    expect(near.events).toEqual(['accepted', 'closed']);
  });

  it('is not told of if the channel was given up just then', async () => {
    const near = new Recorder();
    const [own] = await openChannel(sessionPair(), near);
    own.write(Buffer.alloc(65_536), () => own.reset());
    own.write(Buffer.alloc(65_536));
    await turns();
    expect(near.events).toEqual(['accepted', 'closed']);
  });
});

describe('after the end', () => {
  it('a write is refused, also when the channel has ended cleanly; after a reset it does nothing', async () => {
    const [own, other] = await openChannel(sessionPair());
    own.end();
    other.end();
    await turns();
    expect([own.isClosed, errorOf(() => own.write(Buffer.from('lost'))).code]).toEqual([true, 'STREAMS_INVALID_STATE']);
    const [late] = await openChannel(sessionPair());
    late.reset();
    expect(late.write(Buffer.from('lost'))).toBe(true);
  });
});

describe('a handler that throws', () => {
  it('loses neither the end, nor credit, nor what comes for others; the error is thrown where nobody catches it', async () => {
    const thrown: string[] = [];
    process.setUncaughtExceptionCaptureCallback((error) => thrown.push(error.message));
    try {
      const pair = sessionPair();
      const [broken, sound] = [new Recorder(), new Recorder()];
      const [own] = await openChannel(pair, new Recorder(), broken);
      const [beside] = await openChannel(pair, new Recorder(), sound);
      broken.onData = () => {
        throw new Error('data');
      };
      own.write(Buffer.alloc(300_000));
      own.end();
      beside.write(Buffer.from('sound'));
      await turns();
      expect([broken.events, sound.text, own.queuedBytes]).toEqual([['end'], 'sound', 0]);
      expect([new Set(thrown), pair.device.failure]).toEqual([new Set(['data']), undefined]);
    } finally {
      process.setUncaughtExceptionCaptureCallback(null);
    }
  });

  it('is no handler any more for what it has reset meanwhile', async () => {
    const pair = sessionPair();
    const far = new Recorder();
    const [own, other] = await openChannel(pair, new Recorder(), far);
    let calls = 0;
    far.onData = () => {
      calls += 1;
      other.reset();
    };
    other.pause();
    for (let i = 0; i < 5; i += 1) own.write(Buffer.alloc(10_000));
    own.end();
    await turns();
    other.resume();
    await turns();
    expect([calls, far.events, pair.service.channels.size, pair.device.channels.size]).toEqual([1, ['closed'], 0, 0]);
  });

  it('may pause in the middle, and gets the rest when it resumes, also from within', async () => {
    const far = new Recorder();
    const [own, other] = await openChannel(sessionPair(), new Recorder(), far);
    other.pause();
    for (let i = 0; i < 4; i += 1) own.write(Buffer.alloc(30_000, String(i)));
    own.end();
    await turns();
    const got: string[] = [];
    far.onData = (chunk) => {
      got.push(`${String.fromCharCode(chunk[0] ?? 0)}${chunk.length}`);
      other.pause();
      if (got.length === 2) other.resume();
    };
    other.resume();
    expect([got.length, far.events]).toEqual([1, []]);
    for (; !far.events.includes('end'); ) {
      other.resume();
      await turn();
    }
    expect(far.events).toEqual(['end']);
  });
});

describe('what a handler gets', () => {
  it('does not hold on to the message that it was a small part of', async () => {
    const pair = sessionPair();
    const small = new Recorder();
    const [bulk] = await openChannel(pair);
    const [own] = await openChannel(pair, new Recorder(), small);
    bulk.write(Buffer.alloc(60_000));
    own.write(Buffer.from('small'));
    await turns();
    expect([small.text, small.chunks[0]?.buffer.byteLength]).toEqual(['small', expect.toSatisfy((bytes) => bytes <= Buffer.poolSize)]);
    expect(pair.service.sent.at(-1)).toBeGreaterThan(60_000);
  });

  it('may end the session in the middle of a message', async () => {
    const pair = sessionPair();
    const [first, second] = [new Recorder(), new Recorder()];
    const [one] = await openChannel(pair, new Recorder(), first);
    const [two] = await openChannel(pair, new Recorder(), second);
    first.onData = () => pair.device.channels.lose(4411, 'enough');
    one.write(Buffer.from('x'));
    two.write(Buffer.from('y'));
    await turns();
    expect([pair.device.failure, second.bytes, second.reset?.code]).toEqual([undefined, 0, 'SESSION_LOST']);
  });
});

describe('the mistakes of yamux-js', () => {
  it('a FIN is told from a SYN: one direction ends, the other goes on', async () => {
    const far = new Recorder();
    const near = new Recorder();
    const [own, other] = await openChannel(sessionPair(), near, far);
    own.end();
    await turns();
    other.write(Buffer.from('still here'));
    await turns();
    expect([far.events, near.text, other.isClosed]).toEqual([['end'], 'still here', false]);
  });

  it('who waits for credit goes on in the very turn in which it comes: no timer is asked', async () => {
    const pair = sessionPair();
    const far = new Recorder();
    const [own, other] = await openChannel(pair, new Recorder(), far);
    other.pause();
    own.write(Buffer.alloc(131_072 + 1));
    await turns(20);
    other.resume();
    pair.device.flush();
    pair.service.flush();
    expect(far.bytes).toBe(131_072 + 1);
  });

  it('credit is for what was read: a reader that pauses is sent one window and no more', async () => {
    const pair = sessionPair();
    const far = new Recorder();
    const [own, other] = await openChannel(pair, new Recorder(), far);
    other.pause();
    own.write(Buffer.alloc(1_000_000));
    await turns(20);
    expect([far.bytes, own.queuedBytes]).toEqual([0, 1_000_000 - 131_072]);
  });
});
