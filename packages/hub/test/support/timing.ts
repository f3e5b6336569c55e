// How long things take, of kinds that are to take the same time: measured in turns, so that what the machine does meanwhile meets all alike.
import { seededRandom } from '@streams/testkit';

/** What is measured: of each kind once. */
export type Kind = () => unknown;

/** Milliseconds of each kind, `samples` of each, in chance order. */
export async function timesOf(kinds: readonly Kind[], samples: number): Promise<number[][]> {
  const random = seededRandom(1);
  const times: number[][] = kinds.map(() => []);
  for (let sample = 0; sample < samples; sample += 1) {
    const order = kinds.map((_, index) => ({ index, place: random.uniform() })).toSorted((a, b) => a.place - b.place);
    for (const { index } of order) {
      const startMs = performance.now();
      await kinds[index]?.();
      times[index]?.push(performance.now() - startMs);
    }
  }
  return times;
}

export function median(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[times.length >> 1] ?? 0;
}
