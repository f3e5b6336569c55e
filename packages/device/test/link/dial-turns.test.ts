// Control links of one process take turns: so many dials to a hub at once, in their order, and no place is lost.
import { deferred } from '@streams/protocol/internal';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { inTurn } from '../../src/link/dial-turns.ts';

const never = new AbortController().signal;
const AT_ONCE = 64;

/** Dials that end when the test says so. */
function dials(url: string): {
  begun: number[];
  end: (index: number) => void;
  dial: (index: number, signal?: AbortSignal) => Promise<number>;
} {
  const begun: number[] = [];
  const ends = new Map<number, ReturnType<typeof deferred<number>>>();
  const dial = (index: number, signal = never): Promise<number> =>
    inTurn(url, signal, () => {
      begun.push(index);
      const end = deferred<number>();
      ends.set(index, end);
      return end.promise;
    });
  return { begun, end: (index) => ends.get(index)?.resolve(index), dial };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

it('lets 64 dial at once, the next when one has ended, however it ended, in the order of asking', async () => {
  const { begun, end, dial } = dials('wss://one');
  const all = Array.from({ length: AT_ONCE + 2 }, (_, index) => dial(index));
  await turn();
  expect(begun).toHaveLength(AT_ONCE);
  end(5);
  await all[5];
  await turn();
  expect(begun.slice(AT_ONCE)).toEqual([AT_ONCE]);
  const failed = inTurn('wss://one', never, () => Promise.reject(new RangeError('no')));
  end(6);
  end(7);
  await expect(failed).rejects.toThrow('no');
  for (let index = 0; index < all.length; index += 1) end(index);
  await Promise.all(all);
  expect(begun).toHaveLength(all.length);
});

it('holds up nobody who dials another hub', async () => {
  const one = dials('wss://one');
  const all = Array.from({ length: AT_ONCE }, (_, index) => one.dial(index));
  await expect(inTurn('wss://another', never, () => Promise.resolve('there'))).resolves.toBe('there');
  for (let index = 0; index < AT_ONCE; index += 1) one.end(index);
  await Promise.all(all);
});

it('neither loses a place nor gives one too many, whoever is aborted and whenever', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.constantFrom('dial', 'abort', 'end'), fc.nat(200)), { minLength: 150, maxLength: 300 }),
      async (steps) => {
        const { begun, end, dial } = dials('wss://one');
        const signals: AbortController[] = [];
        const ended = new Set<number>();
        const all: Promise<unknown>[] = [];
        for (const [step, number] of steps) {
          const index = number % Math.max(1, signals.length);
          if (step === 'dial') {
            const controller = new AbortController();
            const own = signals.push(controller) - 1;
            const settle = (): void => void ended.add(own);
            all.push(dial(own, controller.signal).then(settle, settle));
          } else if (step === 'abort' && !begun.includes(index)) signals[index]?.abort();
          else end(index);
          await turn();
          const waiting = signals.length - new Set([...begun, ...ended]).size;
          const running = begun.filter((each) => !ended.has(each)).length;
          expect(running).toBeLessThanOrEqual(AT_ONCE);
          if (waiting > 0) expect(running).toBe(AT_ONCE);
        }
        while (ended.size < signals.length) {
          for (const index of begun) end(index);
          await turn();
        }
        await Promise.all(all);
      },
    ),
    { numRuns: 30, seed: 7 },
  );
});
