// A stream that says something every 20 ms while a test does its worst, and compares what an echo sends back.
import { createHash, type Hash } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { systemClock } from '@streams/protocol/internal';
import { sleep, turn } from './real-time.ts';
import { seededRandom } from './seeded-random.ts';

const PERIOD_MS = 20;
const MAX_MESSAGE_BYTES = 4_096;

/** Sings until {@link Canary.failure} is asked for. */
export class Canary {
  readonly #stream: Duplex;
  readonly #random = seededRandom(1);
  readonly #sent: Hash = createHash('sha256');
  readonly #received: Hash = createHash('sha256');
  readonly #stop: () => void;
  /** When each message went that is not back yet, by the bytes up to its end. */
  readonly #underWay = new Map<number, number>();
  #sentBytes = 0;
  #receivedBytes = 0;
  #worstMs = 0;
  #end: string | undefined;

  /** @param stream An established stream, whose other end echoes. */
  constructor(stream: Duplex) {
    this.#stream = stream;
    stream.on('data', (chunk: Buffer) => {
      this.#receivedBytes += chunk.length;
      this.#received.update(chunk);
      this.#arrived();
    });
    stream.on('error', (error) => (this.#end ??= `it failed: ${error.message}`));
    stream.on('close', () => (this.#end ??= 'it was closed'));
    this.#stop = systemClock.every(PERIOD_MS, () => this.#sing());
    this.#sing();
  }

  /** How many bytes have come back. */
  get bytes(): number {
    return this.#receivedBytes;
  }

  /** The longest that a message was on its way there and back since the last question, in milliseconds; one that is still on it counts. */
  worstMs(): number {
    const [oldestMs = Number.POSITIVE_INFINITY] = this.#underWay.values();
    const worstMs = Math.max(this.#worstMs, performance.now() - oldestMs);
    this.#worstMs = 0;
    return worstMs;
  }

  /** Stops, waits for the rest of the echo and ends the stream. @returns What was wrong. */
  async failure(withinMs: number): Promise<string | undefined> {
    this.#stop();
    await turn(); // an end may be on its way
    const deadline = performance.now() + withinMs;
    while (this.#end === undefined && this.#receivedBytes < this.#sentBytes) {
      if (performance.now() > deadline) return `of ${this.#sentBytes} bytes ${this.#receivedBytes} came back`;
      await sleep(5);
    }
    if (this.#end !== undefined) return this.#end;
    this.#stream.end();
    if (this.#sent.digest('hex') !== this.#received.digest('hex')) return 'other bytes came back than were sent';
    return undefined;
  }

  #arrived(): void {
    for (const [upTo, sentMs] of this.#underWay) {
      if (upTo > this.#receivedBytes) break;
      this.#underWay.delete(upTo);
      this.#worstMs = Math.max(this.#worstMs, performance.now() - sentMs);
    }
  }

  #sing(): void {
    if (this.#end !== undefined || this.#stream.writableNeedDrain) return;
    const message = this.#random.bytes(1 + Math.floor(this.#random.uniform() * MAX_MESSAGE_BYTES));
    this.#sentBytes += message.length;
    this.#sent.update(message);
    this.#underWay.set(this.#sentBytes, performance.now());
    this.#stream.write(message);
  }
}
