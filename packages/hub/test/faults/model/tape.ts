// One end of a stream, that writes a known sequence of bytes and checks that the other's arrives: each byte once, in order.
import assert from 'node:assert/strict';
import type { DeviceStream } from '@streams/device';
import { seededRandom } from '@streams/testkit';
import { within } from './waiting.ts';

/** A length that is no multiple of anything, so that a shifted byte shows. */
const PERIOD = 65_521;
const period = seededRandom(7).bytes(PERIOD);
/** As long as what is written at once, from any place of the period on. */
const pattern = Buffer.concat([period, period, period, period]);
/** Two directions, and two streams, are at different places of it. */
const STRIDE = 997;

/** Where a sequence begins; `count` bytes from `from` on. */
function bytesOf(sequence: number, from: number, count: number): Buffer {
  const start = (sequence * STRIDE + from) % PERIOD;
  return pattern.subarray(start, start + count);
}

/** See the top of this file. */
export class Tape {
  readonly stream: DeviceStream;
  readonly #writes: number;
  readonly #reads: number;
  #written = 0;
  #read = 0;

  /** @param writes The sequence that it writes. @param reads The one that comes. */
  constructor(stream: DeviceStream, writes: number, reads: number) {
    this.stream = stream;
    this.#writes = writes;
    this.#reads = reads;
  }

  write(count: number): void {
    this.stream.write(bytesOf(this.#writes, this.#written, count));
    this.#written += count;
  }

  /** Reads what there is, up to `most` bytes, and waits for `least` of them. @returns How many it were. */
  async read(least: number, most: number): Promise<number> {
    let count = 0;
    while (count < most) {
      const chunk = this.stream.read() as Buffer | null;
      if (chunk) {
        assert(chunk.equals(bytesOf(this.#reads, this.#read, chunk.length)), `other bytes than were sent, from byte ${this.#read} on`);
        this.#read += chunk.length;
        count += chunk.length;
      } else if (count >= least) break;
      else await within(`${least} bytes, of which ${count} have come`, this.#more());
    }
    assert(count <= most, `${count} bytes came where ${most} were sent`);
    return count;
  }

  /** Waits for the end of what comes. */
  async readEnd(): Promise<void> {
    while (!this.stream.readableEnded) {
      const chunk = this.stream.read() as Buffer | null;
      assert(chunk === null, `${chunk?.length} bytes came after the last`);
      if (!this.stream.readableEnded) await within('the end', this.#more());
    }
  }

  #more(): Promise<void> {
    const { stream } = this;
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        stream.off('readable', wake).off('end', wake).off('close', close);
      };
      const wake = (): void => {
        stop();
        resolve();
      };
      const close = (): void => {
        stop();
        reject(new Error(`the stream is over: ${stream.errored?.message ?? 'without an error'}`));
      };
      if (stream.destroyed && !stream.readableEnded) return close();
      stream.on('readable', wake).on('end', wake).on('close', close);
    });
  }
}
