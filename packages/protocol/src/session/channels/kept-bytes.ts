// What has come for a reader that pauses. However it was cut on its way, it takes little more memory than it has bytes.
import { ownBytes } from './own-bytes.ts';

/** Smaller pieces are put together. */
const PIECE_BYTES = 4_096;
const LEAST_BLOCK_BYTES = 512;
const LARGEST_BLOCK_BYTES = 16_384;

/** First in, first out. */
export class KeptBytes {
  #pieces: Uint8Array[] = [];
  #bytes = 0;
  /** The last piece, with room behind it. */
  #block: Buffer | undefined;
  #blockBytes = 0;

  get isEmpty(): boolean {
    return this.#bytes === 0;
  }

  push(piece: Uint8Array): void {
    this.#bytes += piece.length;
    if (piece.length >= PIECE_BYTES) {
      this.#seal();
      this.#pieces.push(ownBytes(piece, 2));
      return;
    }
    if (!this.#block || this.#blockBytes + piece.length > this.#block.length) this.#newBlock(piece.length);
    this.#block?.set(piece, this.#blockBytes);
    this.#blockBytes += piece.length;
  }

  shift(): Uint8Array | undefined {
    if (this.#pieces.length === 0) this.#seal();
    const piece = this.#pieces.shift();
    this.#bytes -= piece?.length ?? 0;
    return piece;
  }

  #newBlock(leastBytes: number): void {
    this.#seal();
    const bytes = Math.min(LARGEST_BLOCK_BYTES, Math.max(LEAST_BLOCK_BYTES, this.#bytes));
    this.#block = Buffer.allocUnsafeSlow(Math.max(bytes, leastBytes));
  }

  #seal(): void {
    // A large piece may follow a single byte, again and again.
    if (this.#block && this.#blockBytes > 0) this.#pieces.push(ownBytes(this.#block.subarray(0, this.#blockBytes), 2));
    this.#block = undefined;
    this.#blockBytes = 0;
  }
}
