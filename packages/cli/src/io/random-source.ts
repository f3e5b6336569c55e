// Bytes to send where nobody gave any.
import { randomFillSync } from 'node:crypto';
import { Readable } from 'node:stream';
import { InvalidArgumentError } from 'commander';

const CHUNK_BYTES = 65_536;

/** `count` bytes: one random chunk again and again, so that making them is not what is measured. */
export function randomSource(count: number): Readable {
  const chunk = randomFillSync(Buffer.alloc(CHUNK_BYTES));
  let left = count;
  return new Readable({
    read() {
      const bytes = Math.min(left, CHUNK_BYTES);
      left -= bytes;
      this.push(bytes === 0 ? null : chunk.subarray(0, bytes));
    },
  });
}

/** For commander: the value of `--bytes`. */
export function bytesOption(text: string): number {
  const bytes = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(bytes)) return bytes;
  throw new InvalidArgumentError('expected a number of bytes');
}
