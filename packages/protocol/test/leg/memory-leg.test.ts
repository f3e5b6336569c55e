// Legs joined in memory: the manners of a WebSocket, without one.
import { FakeClock } from '@streams/testkit';
import { describe, expect, it } from 'vitest';
import type { Leg, LegMessage } from '../../src/leg/leg.ts';
import { memoryLegPair } from '../../src/leg/memory-leg.ts';
import { endOf, messagesOf } from '../support/legs.ts';

function create(): [a: Leg, b: Leg, clock: FakeClock] {
  const clock = new FakeClock();
  return [...memoryLegPair(clock), clock];
}

async function turns(count = 10): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise(setImmediate);
}

describe('messages', () => {
  it('arrive in order, in a later turn, once the other end reads', async () => {
    const [a, b] = create();
    const received = messagesOf(b);
    const sent: LegMessage[] = [Uint8Array.of(1), 'text', new Uint8Array(0), ''];
    for (const message of sent) a.send(message);
    await turns();
    expect(received).toEqual([]);
    b.resume();
    expect(received).toEqual([]);
    await turns();
    expect(received).toEqual(sent);
  });

  it('go both ways at once', async () => {
    const [a, b] = create();
    const [atA, atB] = [messagesOf(a), messagesOf(b)];
    a.resume();
    b.resume();
    a.send('to b');
    b.send('to a');
    await turns();
    expect([atA, atB]).toEqual([['to a'], ['to b']]);
  });

  it('count as buffered until they are read, and are flushed then', async () => {
    const [a, b] = create();
    let flushed = 0;
    a.send(new Uint8Array(1_000), () => (flushed += 1));
    a.send('12345', () => (flushed += 1));
    await turns();
    expect([a.bufferedBytes, b.bufferedBytes, flushed]).toEqual([1_005, 0, 0]);
    b.resume();
    await turns();
    expect([a.bufferedBytes, flushed]).toEqual([0, 2]);
  });

  it('stop in the middle where the reader pauses', async () => {
    const [a, b] = create();
    const received: LegMessage[] = [];
    b.on('message', (message) => {
      received.push(message);
      b.pause();
    });
    b.resume();
    for (const message of ['1', '2', '3']) a.send(message);
    await turns();
    expect([received, a.bufferedBytes]).toEqual([['1'], 2]);
    b.resume();
    await turns();
    expect(received).toEqual(['1', '2']);
  });
});

describe('a close', () => {
  it.each([1000, 4400])('%i: comes after what was sent, and ends both', async (code) => {
    const [a, b, clock] = create();
    const received = messagesOf(b);
    const ends = Promise.all([endOf(a), endOf(b)]);
    a.send('before');
    a.close(code, 'why');
    a.send('after');
    b.resume();
    const end = { code, reason: 'why', violation: false };
    expect(await ends).toEqual([end, end]);
    expect(received).toEqual(['before']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('has its reason cut as in a close frame', async () => {
    const [a, b] = create();
    b.resume();
    a.close(4400, '€'.repeat(100));
    expect((await endOf(b)).reason).toBe('€'.repeat(41));
  });

  it('discards what still comes, paused or not', async () => {
    const [a, b] = create();
    const received = messagesOf(a);
    b.send('on its way');
    a.close(1000);
    a.pause();
    b.send('later');
    await turns();
    expect([received, b.bufferedBytes]).toEqual([[], 0]);
  });

  it('with 1000 waits for a reader that pauses for long', async () => {
    const [a, b, clock] = create();
    let ended = false;
    void endOf(a).then(() => (ended = true));
    a.send('before');
    a.close(1000);
    await clock.advance(600_000);
    expect(ended).toBe(false);
    const received = messagesOf(b);
    b.resume();
    expect(await endOf(b)).toMatchObject({ code: 1000 });
    expect(received).toEqual(['before']);
  });

  it('with any other code cuts after a second', async () => {
    const [a, b, clock] = create();
    const ends = Promise.all([endOf(a), endOf(b)]);
    let ended = false;
    void ends.then(() => (ended = true));
    a.send('lost', () => (ended = true));
    a.close(1012);
    await clock.advance(999);
    expect(ended).toBe(false);
    await clock.advance(1);
    const lost = { code: 1006, reason: '', violation: false };
    expect(await ends).toEqual([lost, lost]);
    expect([clock.pendingTimers, a.bufferedBytes]).toEqual([0, 0]);
  });

  it('with 1000, then another code, cuts after a second', async () => {
    const [a, , clock] = create();
    const ended = endOf(a);
    a.close(1000);
    await clock.advance(5_000);
    a.close(4400);
    await clock.advance(1_000);
    expect(await ended).toMatchObject({ code: 1006 });
  });

  it('of both at once ends both', async () => {
    const [a, b] = create();
    const ends = Promise.all([endOf(a), endOf(b)]);
    a.close(1000);
    b.close(1000);
    expect((await ends).map(({ code }) => code)).toEqual([1000, 1000]);
  });
});

describe('an end', () => {
  it('by terminate is 1006 at both ends, whatever waits', async () => {
    const [a, b] = create();
    const ends = Promise.all([endOf(a), endOf(b)]);
    let flushed = false;
    a.send('waits', () => (flushed = true));
    b.terminate();
    const lost = { code: 1006, reason: '', violation: false };
    expect(await ends).toEqual([lost, lost]);
    await turns();
    expect([flushed, a.bufferedBytes]).toEqual([false, 0]);
  });

  it('is told once, and nothing after it', async () => {
    const [a, b, clock] = create();
    let ends = 0;
    a.on('close', () => (ends += 1));
    const received = messagesOf(a);
    a.resume();
    b.send('too late');
    a.terminate();
    a.terminate();
    a.close(4400);
    a.send('into the void', () => (ends += 1));
    a.resume();
    a.requireLife(1);
    await turns();
    await clock.advance(10_000);
    expect([ends, received, clock.pendingTimers]).toEqual([1, [], 0]);
  });
});
