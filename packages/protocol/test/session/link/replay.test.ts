// What is kept for a replay: which positions are ends of messages, and that what is acknowledged is let go.
import { collectGarbage } from '@streams/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ReplayQueue } from '../../../src/session/link/replay.ts';
import { SessionFailure } from '../../../src/session/seam.ts';
import { forAll } from '../../support/for-all.ts';

function queueOf(...sizes: number[]): ReplayQueue {
  const queue = new ReplayQueue();
  for (const size of sizes) queue.add(Buffer.alloc(8 + size), size);
  return queue;
}

function codeOf(action: () => void): string | undefined {
  try {
    action();
  } catch (error) {
    if (error instanceof SessionFailure) return error.code;
    throw error;
  }
  return undefined;
}

/** The messages for this leg, by their length. */
function rest(queue: ReplayQueue): number[] {
  const sizes: number[] = [];
  for (let message = queue.next(); message; message = queue.next()) sizes.push(message.length - 8);
  return sizes;
}

describe('positions', () => {
  it('an ACK is of no more than has gone out on this leg, whatever went out on others', () => {
    const queue = queueOf(10, 20, 30);
    rest(queue);
    queue.resume(10);
    queue.next();
    expect(codeOf(() => queue.acknowledge(60))).toBe('PROTOCOL');
    queue.acknowledge(30);
    expect([queue.acked, queue.bytes, rest(queue)]).toEqual([30, 30, [30]]);
  });

  it('an ACK that comes twice says nothing new, an older one is none', () => {
    const queue = queueOf(10, 20);
    rest(queue);
    queue.acknowledge(30);
    queue.acknowledge(30);
    expect([queue.bytes, codeOf(() => queue.acknowledge(10))]).toEqual([0, 'PROTOCOL']);
  });

  it('exactly the ends of what is kept, and the position before it, are resumed from', () => {
    const plans = fc.record({
      sizes: fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 60 }),
      acked: fc.nat(),
      position: fc.nat({ max: 3_000 }),
    });
    forAll(
      plans,
      ({ sizes, acked, position }) => {
        const ends = [0];
        for (const size of sizes) ends.push((ends.at(-1) ?? 0) + size);
        const queue = queueOf(...sizes);
        rest(queue);
        const from = acked % ends.length;
        queue.acknowledge(ends[from] as number);
        const at = ends.indexOf(position);
        if (at < from) return expect(codeOf(() => queue.resume(position))).toBe('RESUME_IMPOSSIBLE');
        queue.resume(position);
        expect([queue.position, rest(queue)]).toEqual([position, sizes.slice(at)]);
      },
      500,
    );
  });
});

it('what is acknowledged is let go, though what is behind it is kept', async () => {
  const queue = new ReplayQueue();
  const kept = Array.from({ length: 10 }, () => {
    const message = Buffer.alloc(65_536);
    queue.add(message, 65_528);
    queue.next();
    return new WeakRef(message);
  });
  queue.acknowledge(8 * 65_528);
  await new Promise(setImmediate);
  collectGarbage();
  expect(kept.map((reference) => reference.deref() !== undefined)).toEqual([...Array<boolean>(8).fill(false), true, true]);
});
