// Liveness on a fake clock: own silence is broken, the peer's is death, but only while we read.
import { FakeClock } from '@streams/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LEG_TIMES, Liveness } from '../../src/leg/liveness.ts';

/** A connection whose every event is noted, with the second of its time. */
class Bench {
  readonly clock = new FakeClock();
  /** By how much a busy process looks late. */
  lateMs = 0;
  readonly events: string[] = [];
  bytes = 0;
  readonly liveness: Liveness;

  constructor() {
    this.liveness = new Liveness(
      {
        bytesReceived: () => this.bytes,
        keepAlive: () => this.#note('keep-alive'),
        probe: () => this.#note('probe'),
        dead: () => {
          this.#note('dead');
          this.liveness.stop();
        },
      },
      {
        wallMs: () => this.clock.wallMs(),
        monotonicMs: () => this.clock.monotonicMs() + this.lateMs,
        after: (delayMs, action) => this.clock.after(delayMs, action),
        every: (periodMs, action) => this.clock.every(periodMs, action),
      },
      LEG_TIMES,
    );
  }

  async seconds(count: number): Promise<void> {
    await this.clock.advance(count * 1_000);
  }

  /** How many events of a kind there were. */
  count(kind: string): number {
    return this.events.filter((event) => event.startsWith(kind)).length;
  }

  #note(event: string): void {
    this.events.push(`${event} ${this.clock.monotonicMs() / 1_000}`);
  }
}

describe('own silence', () => {
  it('is broken after 15 s, and every 15 s from then on', async () => {
    const bench = new Bench();
    for (let second = 0; second < 60; second += 1) {
      await bench.seconds(1);
      bench.bytes += 1;
    }
    expect(bench.events).toEqual(['keep-alive 15', 'keep-alive 30', 'keep-alive 45', 'keep-alive 60']);
    bench.liveness.stop();
  });

  it('is measured from the last message', async () => {
    const bench = new Bench();
    await bench.seconds(14.5);
    bench.liveness.sent();
    await bench.seconds(5);
    bench.bytes += 1;
    await bench.seconds(10);
    // 14.5 s later would be 29.5; looks are taken every second.
    expect(bench.events).toEqual([]);
    await bench.seconds(0.5);
    expect(bench.events).toEqual(['keep-alive 30']);
    bench.liveness.stop();
  });

  it('is broken while nothing is read, too', async () => {
    const bench = new Bench();
    bench.liveness.reading(false);
    await bench.seconds(30);
    expect(bench.events.filter((event) => event.startsWith('keep-alive'))).toEqual(['keep-alive 15', 'keep-alive 30']);
    bench.liveness.stop();
  });
});

describe('the peer’s silence', () => {
  it('is death after 25 s', async () => {
    const bench = new Bench();
    await bench.seconds(24.999);
    expect(bench.count('dead')).toBe(0);
    await bench.seconds(0.001);
    expect(bench.events).toEqual(['keep-alive 15', 'dead 25']);
    expect(bench.clock.pendingTimers).toBe(0);
  });

  it('is death between 24 and 25 s after the last byte, whenever that came', async () => {
    const moments = fc.array(fc.integer({ min: 0, max: 23_999 }), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(moments, async (gaps) => {
        const bench = new Bench();
        for (const gap of gaps) {
          await bench.seconds(gap / 1_000);
          bench.bytes += 1;
        }
        const last = gaps.reduce((sum, gap) => sum + gap, 0);
        expect(bench.count('dead')).toBe(0);
        await bench.seconds(25);
        const [death] = bench.events.filter((event) => event.startsWith('dead'));
        const silence = Number(death?.split(' ')[1]) * 1_000 - last;
        expect(silence).toBeGreaterThanOrEqual(24_000);
        expect(silence).toBeLessThanOrEqual(25_000);
      }),
      { numRuns: 10 },
    );
  });

  it('is death after 25 s, though the look that saw the last byte was late', async () => {
    const bench = new Bench();
    bench.lateMs = 30;
    await bench.seconds(10);
    bench.bytes += 1;
    await bench.seconds(1);
    bench.lateMs = 0;
    await bench.seconds(60);
    expect(bench.events.filter((event) => event.startsWith('dead'))).toEqual(['dead 35']);
  });

  it('is none while bytes come, if only one in 24 s, for an hour', async () => {
    const bench = new Bench();
    for (let passed = 0; passed < 3_600; passed += 24) {
      await bench.seconds(24);
      bench.bytes += 1;
    }
    expect(bench.count('dead')).toBe(0);
    expect(bench.count('probe')).toBe(0);
    bench.liveness.stop();
  });
});

describe('a connection that we do not read', () => {
  it('never dies, and is probed every second', async () => {
    const bench = new Bench();
    bench.liveness.reading(false);
    await bench.seconds(120);
    expect(bench.count('dead')).toBe(0);
    expect(bench.count('probe')).toBe(120);
    expect(bench.events.slice(0, 3)).toEqual(['probe 1', 'probe 2', 'probe 3']);
    bench.liveness.stop();
  });

  it('has its full time anew when it is read again', async () => {
    const bench = new Bench();
    await bench.seconds(20);
    bench.liveness.reading(false);
    await bench.seconds(40);
    bench.liveness.reading(true);
    await bench.seconds(24.9);
    expect(bench.count('dead')).toBe(0);
    await bench.seconds(0.1);
    expect(bench.events.at(-1)).toBe('dead 85');
  });

  it('gains nothing by being resumed again and again', async () => {
    const bench = new Bench();
    for (let second = 0; second < 24; second += 1) {
      bench.liveness.reading(true);
      await bench.seconds(1);
    }
    await bench.seconds(1);
    expect(bench.events.at(-1)).toBe('dead 25');
  });

  it('is not probed once it is read again', async () => {
    const bench = new Bench();
    bench.liveness.reading(false);
    await bench.seconds(2);
    bench.liveness.reading(true);
    await bench.seconds(10);
    expect(bench.count('probe')).toBe(2);
    bench.liveness.stop();
  });
});

it('stop ends everything', async () => {
  const bench = new Bench();
  bench.liveness.stop();
  bench.liveness.stop();
  expect(bench.clock.pendingTimers).toBe(0);
  await bench.seconds(100);
  expect(bench.events).toEqual([]);
});
