// Cuts a stream of bytes into lines (NDJSON), however its chunks fall, with bounded memory.

/** A line that has something in it. */
export interface Line {
  /** From 1, empty lines counted. */
  readonly number: number;
  /** Without its end; `undefined` if it was longer than is allowed. */
  readonly text: string | undefined;
}

const NEWLINE = 0x0a;

/** See the top of this file. */
export class LineSplitter {
  readonly #maxBytes: number;
  /** Leaves a byte order mark out. */
  readonly #decoder = new TextDecoder();
  /** What has come of a line that is not complete. */
  #begun = new Uint8Array(0);
  #isTooLong = false;
  #number = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** The lines that this chunk completes. */
  push(chunk: Uint8Array): Line[] {
    const lines: Line[] = [];
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      this.#grow(chunk.subarray(start, end));
      this.#complete(lines);
      start = end + 1;
    }
    this.#grow(chunk.subarray(start));
    return lines;
  }

  /** The last line, where it has no end of its own. */
  end(): Line[] {
    const lines: Line[] = [];
    this.#complete(lines);
    return lines;
  }

  #grow(part: Uint8Array): void {
    if (part.length === 0) return;
    this.#isTooLong ||= this.#begun.length + part.length > this.#maxBytes;
    if (this.#isTooLong) {
      this.#begun = new Uint8Array(0);
      return;
    }
    // A copy, so that a few bytes do not keep a whole chunk.
    const grown = new Uint8Array(this.#begun.length + part.length);
    grown.set(this.#begun);
    grown.set(part, this.#begun.length);
    this.#begun = grown;
  }

  #complete(lines: Line[]): void {
    this.#number += 1;
    const text = this.#isTooLong ? undefined : this.#decoder.decode(this.#begun);
    if (text === undefined || text.trim() !== '') lines.push({ number: this.#number, text });
    this.#begun = new Uint8Array(0);
    this.#isTooLong = false;
  }
}
