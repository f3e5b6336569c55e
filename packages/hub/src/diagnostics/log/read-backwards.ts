// Reads a file of lines from its end to its beginning, in blocks, and finds in a block the lines that have a text in them.
import type { FileHandle } from 'node:fs/promises';

/** Whole lines of a file. */
export interface LineBlock {
  /** Ends with the end of a line. */
  readonly bytes: Buffer;
  /** Where they stand in the file. */
  readonly position: number;
}

/** A line without its end. */
export interface FoundLine {
  readonly text: string;
  readonly position: number;
}

const BLOCK_BYTES = 262_144;
const LINE_END = 0x0a;

/** The blocks before `end`, the last one first. What follows the last end of a line is left out: it is being written. */
export async function* blocksBefore(file: FileHandle, end: number): AsyncGenerator<LineBlock, void> {
  /** The end of a line whose beginning comes with the next block. */
  let rest: Buffer = Buffer.alloc(0);
  for (let position = end; position > 0; ) {
    const start = Math.max(0, position - BLOCK_BYTES);
    const chunk = Buffer.allocUnsafe(position - start);
    const { bytesRead } = await file.read(chunk, 0, chunk.length, start);
    // The file was cut while it was read.
    if (bytesRead < chunk.length) return;
    const bytes = Buffer.concat([chunk, rest]);
    const from = start === 0 ? 0 : bytes.indexOf(LINE_END) + 1;
    const to = bytes.lastIndexOf(LINE_END) + 1;
    if (to > from) yield { bytes: bytes.subarray(from, to), position: start + from };
    rest = from > 0 ? bytes.subarray(0, from) : bytes;
    position = start;
  }
}

/** The lines of a block that have `needle` in them, or all, the last one first. */
export function* linesWith(needle: Buffer | undefined, { bytes, position }: LineBlock): Generator<FoundLine, void> {
  let end = bytes.length - 1;
  while (end > 0) {
    const at = needle ? bytes.lastIndexOf(needle, end - 1) : end - 1;
    if (at < 0) return;
    const start = bytes.lastIndexOf(LINE_END, at) + 1;
    const lineEnd = needle ? bytes.indexOf(LINE_END, at) : end;
    yield { text: bytes.toString('utf8', start, lineEnd), position: position + start };
    end = start - 1;
  }
}
