// The seam between the two halves of a session: the link carries messages and knows nothing of channels, the channels fill them
// and know nothing of legs.

/** What the peer said of itself in its first HELLO, and keeps for the session's life. */
export interface PeerLimits {
  /** Bytes that may be sent on a new channel before the peer has granted any. */
  readonly initialWindowBytes: number;
  /** Channels that the peer lets us open at once. */
  readonly maxChannels: number;
}

/** What a link carries messages for. */
export interface LinkUser {
  /**
   * The frames of the next message: as many as there are and fit, in a new buffer whose first `reservedBytes` the link fills.
   * `undefined`: there is nothing to send. Called only when a message may be sent; the link keeps what it gets, and never asks for it again.
   */
  compose(reservedBytes: number, maxFramesBytes: number): Buffer | undefined;
  /** The frames of one message: whole, in order, each exactly once. @throws SessionFailure where they break the protocol. */
  receive(frames: Buffer): void;
  /** The peer's first HELLO has come. */
  onPeer(limits: PeerLimits): void;
}

/** What the channels may ask of the link. */
export interface LinkPort {
  /**
   * There is something to compose; composing happens later, once for all that is said in this turn of the event loop.
   * @param quiet A channel that was quiet has a little to send: what is sent beside it is held short for a second.
   */
  wake(quiet?: 'quiet'): void;
}

/** FAIL codes (docs/protocol.md). */
export const FAIL_CODES = {
  PROTOCOL: 1,
  VERSION: 2,
  FLOW: 3,
  PROOF: 4,
  RESUME_IMPOSSIBLE: 5,
  RESUME_TIMEOUT: 6,
  ENDED: 7,
  REVOKED: 8,
} as const;
export type FailCode = keyof typeof FAIL_CODES;

/** The peer broke the protocol, or the session cannot go on; ends the session. Never leaves the package: applications see a `SessionError`. */
export class SessionFailure extends Error {
  readonly code: FailCode;
  /** Where the leg's close code says it all: who ended the stream from outside. */
  readonly closeCode: number | undefined;

  constructor(code: FailCode, message: string, closeCode?: number) {
    super(message);
    this.name = 'SessionFailure';
    this.code = code;
    this.closeCode = closeCode;
  }
}
