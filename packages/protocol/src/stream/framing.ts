// How the stream protocols differ: what a message is, how one direction ends, which end of the connection is a clean one.
import type { LegEnd, LegMessage } from '../leg/leg.ts';
import { CLOSE_CLEAN, CLOSE_NO_CODE, passedOn } from '../wire/close-codes.ts';
import { decodeFrame, decodeRaw, FRAME_HEADER_BYTES, type Frame, finFrame, markData } from '../wire/frames.ts';
import { RAW_PROTOCOL, SESSION_PROTOCOL, STREAM_PROTOCOL } from '../wire/versions.ts';
import type { HalfClose } from './half-close.ts';

/** What ends one direction of a stream on a channel; it never leaves the process. */
export const CHANNEL_FIN = 'fin';

/** A stream protocol, as the ends of a stream and the relay see it. */
export interface Framing {
  readonly protocol: string;
  /** What each data message adds to its payload. */
  readonly headerBytes: number;
  /** Writes the header; the payload stands behind it. */
  mark(message: Uint8Array): void;
  /** @throws `STREAMS_BAD_REQUEST`, `STREAMS_TOO_LARGE` for what is no message of this protocol. */
  decode(message: LegMessage): Frame;
  /** The message that ends one direction; absent where only the whole stream can end. */
  readonly fin?: () => LegMessage;
  /** True if nothing was cut off. */
  isClean(end: LegEnd, halfClose: HalfClose): boolean;
  /** The close code under which the relay passes an end on. */
  passedOn(end: LegEnd): number;
}

const FRAMES: Framing = {
  protocol: STREAM_PROTOCOL,
  headerBytes: FRAME_HEADER_BYTES,
  mark: markData,
  decode: decodeFrame,
  fin: finFrame,
  isClean: ({ code }, halfClose) => halfClose === 'both' && code === CLOSE_CLEAN,
  passedOn,
};

const RAW: Framing = {
  protocol: RAW_PROTOCOL,
  headerBytes: 0,
  mark: () => undefined,
  decode: decodeRaw,
  isClean: isPlainClose,
  // Most clients close without a code when they are done.
  passedOn: (end) => (isPlainClose(end) ? CLOSE_CLEAN : passedOn(end)),
};

/** On a channel of a session, whose leg is inside the process: messages are bytes as they are, and text is the end of one direction. */
const CHANNEL: Framing = {
  protocol: SESSION_PROTOCOL,
  headerBytes: 0,
  mark: () => undefined,
  decode: (message) => (typeof message === 'string' ? { type: 'fin' } : { type: 'data', payload: message }),
  fin: () => CHANNEL_FIN,
  isClean: (end, halfClose) => FRAMES.isClean(end, halfClose),
  passedOn,
};

/** How `protocol` frames. One that this version does not know is relayed like `streams.v1`, each message as payload. */
export function framingOf(protocol: string): Framing {
  if (protocol === RAW_PROTOCOL) return RAW;
  if (protocol === SESSION_PROTOCOL) return CHANNEL;
  return protocol === STREAM_PROTOCOL ? FRAMES : { ...FRAMES, protocol, headerBytes: 0 };
}

function isPlainClose({ code, violation }: LegEnd): boolean {
  return !violation && (code === CLOSE_CLEAN || code === CLOSE_NO_CODE);
}
