// How a stream ends: the error of a stream that was cut, and the reason that travels. From docs/protocol.md, section 9, alone.
const MAX_REASON = 123;
const [LOST, ABORTED] = [1006, 4400];

/** As both sides are told. */
export interface Outcome {
  readonly by: 'local' | 'peer' | 'hub' | 'network';
  readonly reason: string;
  readonly clean: boolean;
}

/** The stream was cut: what came is not all. */
export class StreamTerminatedError extends Error {
  override readonly name = 'StreamTerminatedError';
  readonly code = 'STREAMS_STREAM_TERMINATED';
  readonly by: Outcome['by'];
  readonly reason: string;
  readonly closeCode: number;

  constructor(closeCode: number, reason: string) {
    super(`the stream was cut (${closeCode}) ${reason}`);
    const hub = closeCode === 1008 || (closeCode >= 1011 && closeCode <= 1014);
    this.by = closeCode === LOST ? 'network' : hub ? 'hub' : 'peer';
    this.reason = closeCode === ABORTED ? reason : '';
    this.closeCode = closeCode;
  }
}

/** Cuts text at 123 bytes, on a character. */
export function cut(text: string): string {
  const bytes = Buffer.from(text).subarray(0, MAX_REASON + 1);
  let end = Math.min(bytes.length, MAX_REASON);
  while (end < bytes.length && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.subarray(0, end).toString();
}
