// Whatever two ends do, and however their messages are held up between them: every byte that comes is the right one, both ends agree in
// the end, and neither keeps more than it has granted.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Channel } from '../../../src/session/channels/channel.ts';
import type { ChannelRequest } from '../../../src/session/channels/channel-request.ts';
import { GrowthBudget } from '../../../src/session/channels/growth-budget.ts';
import { decodeSessionFrames } from '../../../src/wire/session-frames.ts';
import { Recorder, SessionEnd, turns } from '../../support/channel-pair.ts';

const KINDS = [
  'open',
  'answer',
  'write',
  'write',
  'write',
  'end',
  'reset',
  'pause',
  'resume',
  'compose',
  'compose',
  'deliver',
  'deliver',
] as const;
const SIZES = [0, 1, 100, 4_096, 4_097, 70_000, 200_000] as const;
const steps = fc.array(
  fc.record({ side: fc.constantFrom(0, 1), kind: fc.constantFrom(...KINDS), which: fc.nat(1_000), bytes: fc.constantFrom(...SIZES) }),
  { minLength: 20, maxLength: 150, size: 'max' },
);
type Step = typeof steps extends fc.Arbitrary<(infer T)[]> ? T : never;

/** Byte number `i` of a direction, from any start. */
const PATTERN = Buffer.from(Array.from({ length: 251 + 262_144 }, (_, i) => i % 251));
const patternAt = (at: number, bytes: number): Buffer => PATTERN.subarray(at % 251, (at % 251) + bytes);

/** One side's end of a channel. What it receives is compared as it comes. */
class Half extends Recorder {
  readonly channel: Channel;
  other: Half | undefined;
  wrote = 0;
  got = 0;
  isRight = true;
  hasEnded = false;
  wasGivenUp = false;

  /** @param join Opens or accepts. */
  constructor(join: (half: Half) => Channel) {
    super();
    this.channel = join(this);
  }

  override onData(chunk: Uint8Array): void {
    this.isRight &&= patternAt(this.seed + this.got, chunk.length).equals(chunk);
    this.got += chunk.length;
  }

  write(bytes: number): void {
    if (this.hasEnded) return;
    const own = Buffer.from(patternAt(this.seed + this.wrote, bytes));
    this.wrote += bytes;
    // The buffer is used for something else as soon as it may be.
    this.channel.write(own, () => own.fill(0xff));
  }

  end(): void {
    this.hasEnded = true;
    this.channel.end();
  }

  giveUp(): void {
    this.wasGivenUp = true;
    this.channel.reset('ABORTED', 'as it pleases');
  }

  /** The same at both ends; different for neighbouring channels. */
  get seed(): number {
    return this.channel.id * 7;
  }
}

/** Two ends, the messages between them, and all channels that there ever were. */
class World {
  readonly growths = [new GrowthBudget(2 ** 28), new GrowthBudget(2 ** 28)];
  readonly ends = [
    new SessionEnd('service', { growth: this.growths[0], maxFramesBytes: 16_384 }),
    new SessionEnd('device', { growth: this.growths[1] }),
  ] as const;
  readonly halves: [Half[], Half[]] = [[], []];
  readonly #unanswered = new Map<number, Half>();
  readonly #wires: [Buffer[], Buffer[]] = [[], []];
  /** Bytes that were delivered to each side, by channel object. */
  readonly #delivered = new Map<Half, number>();

  constructor() {
    for (const end of this.ends) {
      end.isHeld = true;
      end.channels.onPeer({ initialWindowBytes: 131_072, maxChannels: 100 });
    }
  }

  do({ side, kind, which, bytes }: Step): void {
    const me = side as 0 | 1;
    const mine = this.halves[me];
    const half = mine[which % Math.max(1, mine.length)];
    if (kind === 'open') this.#open(me);
    else if (kind === 'answer') this.#answer(me, which % 5 === 0);
    else if (kind === 'compose') this.#compose(me);
    else if (kind === 'deliver') this.deliver(me);
    else if (kind === 'write') half?.write(bytes);
    else if (kind === 'end') half?.end();
    else if (kind === 'pause') half?.channel.pause();
    else if (kind === 'resume') half?.channel.resume();
    else if (which % 4 === 0) half?.giveUp();
  }

  deliver(to: 0 | 1): boolean {
    const message = this.#wires[to].shift();
    if (!message) return false;
    this.ends[to].receive(message);
    for (const frame of decodeSessionFrames(message)) {
      const half = frame.type === 'data' ? this.halves[to].findLast(({ channel }) => channel.id === frame.channel) : undefined;
      if (half && frame.type === 'data') this.#delivered.set(half, (this.#delivered.get(half) ?? 0) + frame.payload.length);
    }
    return true;
  }

  /** All is let go: every request is answered, every channel read and ended, every message delivered. */
  async finish(): Promise<void> {
    for (let isBusy = true; isBusy; ) {
      isBusy = false;
      for (const me of [0, 1] as const) {
        this.ends[me].channels.end();
        while (this.ends[me].requests.length > 0) this.#answer(me, false);
        for (const half of this.halves[me]) half.channel.resume();
        for (const half of this.halves[me]) half.end();
        while (this.#compose(me)) isBusy = true;
        while (this.deliver((1 - me) as 0 | 1)) isBusy = true;
      }
      await turns(1);
    }
  }

  /** What is kept for readers, at most as much as was granted. */
  check(): void {
    for (const half of this.#delivered.keys())
      if (!half.channel.isClosed) expect((this.#delivered.get(half) ?? 0) - half.got).toBeLessThanOrEqual(half.channel.windowBytes);
  }

  #open(me: 0 | 1): void {
    if (this.ends[me].channels.size >= 100) return;
    const half = new Half((handler) => this.ends[me].channels.open(new Uint8Array(0), handler));
    this.halves[me].push(half);
    this.#unanswered.set(half.channel.id, half);
  }

  #answer(me: 0 | 1, isRejected: boolean): void {
    const request = this.ends[me].requests.shift();
    if (!request) return;
    if (isRejected) return request.reject('REFUSED');
    const half = accepted(request);
    if (!half) return;
    half.other = this.#unanswered.get(half.channel.id);
    if (half.other) half.other.other = half;
    this.halves[me].push(half);
  }

  #compose(me: 0 | 1): boolean {
    const message = this.ends[me].compose();
    if (message) this.#wires[1 - me]?.push(message);
    return message !== undefined;
  }
}

/** Unless the opener has given it up meanwhile. */
function accepted(request: ChannelRequest): Half | undefined {
  try {
    return new Half((handler) => request.accept(handler));
  } catch {
    return undefined;
  }
}

describe('any interleaving', () => {
  it('ends with every byte in its place, nothing left, and no failure', async () => {
    let [whole, bytes] = [0, 0];
    await fc.assert(
      fc.asyncProperty(steps, async (list) => {
        const world = new World();
        for (const step of list) {
          world.do(step);
          world.check();
          // Callbacks come in between.
          if (step.which % 3 === 0) await Promise.resolve();
        }
        await world.finish();
        expect(world.ends.map(({ failure, ends, channels }) => [failure, ends, channels.size])).toEqual([
          [undefined, 1, 0],
          [undefined, 1, 0],
        ]);
        expect(world.growths.map(({ usedBytes }) => usedBytes)).toEqual([0, 0]);
        for (const half of world.halves.flat()) {
          checkHalf(half);
          whole += half.other && half.got === half.other.wrote ? 1 : 0;
          bytes += half.got;
        }
      }),
      { numRuns: 120 },
    );
    // It was not about nothing.
    expect(whole).toBeGreaterThan(200);
    expect(bytes).toBeGreaterThan(4_000_000);
  });
});

function checkHalf({ isRight, got, other, events, wasGivenUp }: Half): void {
  expect([isRight, events.filter((event) => event === 'closed')]).toEqual([true, ['closed']]);
  expect(got).toBeLessThanOrEqual(other?.wrote ?? 0);
  // Where nobody has given up, nothing is missing.
  if (other && !wasGivenUp && !other.wasGivenUp) expect([got, events.includes('end')]).toEqual([other.wrote, true]);
}
