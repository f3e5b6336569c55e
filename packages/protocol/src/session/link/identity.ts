// Who the two ends of a session are: what we say of ourselves in each HELLO, and the peer as its first HELLO has shown it.
import type { Random } from '../../time/random.ts';
import { SESSION_MESSAGE_BYTES, SESSION_RESUME_MS } from '../../wire/defaults.ts';
import { MAX_SESSION_MESSAGE_BYTES } from '../../wire/limits.ts';
import {
  encodeHello,
  type Hello,
  HELLO_NONCE_BYTES,
  SESSION_KEY_BYTES,
  SESSION_VERSION,
  type SessionRole,
} from '../../wire/session-hello.ts';
import { encodeProof, FRAMES_HEADER_BYTES } from '../../wire/session-messages.ts';
import { type PeerLimits, SessionFailure } from '../seam.ts';
import { type Hellos, proofMac, sameBytes, type SessionKeys, sessionKey, sessionKeys } from './proof.ts';

/** What this end says of itself. */
export interface IdentityOptions {
  readonly role: SessionRole;
  /** 16 bytes, made by the service. */
  readonly sessionId: Uint8Array;
  readonly random: Random;
  /** What the peer may send on a new channel, and how many it may open. */
  readonly limits: PeerLimits;
  readonly implicitChannel: boolean;
  /** How long this end keeps the session without a leg, at most; HELLO has room for 65,535 s of it. */
  readonly resumeTimeoutMs?: number | undefined;
}

/** The other end, for the session's life. */
export interface Peer {
  readonly publicKey: Uint8Array;
  readonly limits: PeerLimits;
  /** Frame bytes in a message: what it takes, and no more than serves. */
  readonly maxFramesBytes: number;
  readonly resumeSeconds: number;
  /** Of the session. */
  readonly key: Buffer;
}

/** Both ends, and their proofs. */
export class Identity {
  /** Undefined until the first HELLO. */
  peer: Peer | undefined;
  readonly #options: IdentityOptions;
  readonly #resumeSeconds: number;
  readonly #keys: SessionKeys;

  constructor(options: IdentityOptions) {
    const { resumeTimeoutMs = SESSION_RESUME_MS } = options;
    this.#options = options;
    this.#resumeSeconds = Math.min(65_535, Math.ceil(resumeTimeoutMs / 1_000));
    this.#keys = sessionKeys(options.random.bytes(SESSION_KEY_BYTES));
  }

  /** How long the session lives without a leg: as long as both ends keep it. */
  get resumeTimeoutMs(): number {
    return Math.min(this.#resumeSeconds, this.peer?.resumeSeconds ?? Number.POSITIVE_INFINITY) * 1_000;
  }

  /** Our HELLO for the leg number `epoch`. */
  hello(epoch: number): Uint8Array {
    const { role, sessionId, random, limits, implicitChannel } = this.#options;
    return encodeHello({
      minVersion: SESSION_VERSION,
      maxVersion: SESSION_VERSION,
      role,
      implicitChannel,
      capabilities: 0,
      epoch,
      sessionId,
      nonce: random.bytes(HELLO_NONCE_BYTES),
      publicKey: this.#keys.publicKey,
      initialWindowBytes: limits.initialWindowBytes,
      maxMessageBytes: MAX_SESSION_MESSAGE_BYTES,
      maxChannels: limits.maxChannels,
      resumeSeconds: this.#resumeSeconds,
      extensions: [],
    });
  }

  /**
   * Looks at a HELLO of the peer; the first one says who it is.
   * @returns True for the first.
   * @throws SessionFailure for one that does not belong here.
   */
  meet(hello: Hello): boolean {
    const { role, sessionId, implicitChannel } = this.#options;
    if (hello.role === role) throw new SessionFailure('PROTOCOL', `hello.role: both ends say ${role}`);
    if (!sameBytes(hello.sessionId, sessionId)) throw new SessionFailure('PROTOCOL', 'hello.sessionId: another session');
    if (hello.minVersion > SESSION_VERSION || hello.maxVersion < SESSION_VERSION) {
      throw new SessionFailure('VERSION', `version ${SESSION_VERSION} is spoken here, ${hello.minVersion} to ${hello.maxVersion} there`);
    }
    if (hello.implicitChannel !== implicitChannel)
      throw new SessionFailure('PROTOCOL', 'hello.flags: one end alone has an implicit channel');
    if (this.peer === undefined) {
      this.peer = this.#pin(hello);
      return true;
    }
    if (!sameBytes(hello.publicKey, this.peer.publicKey))
      throw new SessionFailure('PROOF', 'hello.publicKey: another one than at the start');
    return false;
  }

  /** Our PROOF on a leg with these HELLOs. */
  prove(own: Uint8Array, theirs: Uint8Array, received: number): Uint8Array {
    return encodeProof(received, this.#mac(this.#options.role, own, theirs, received));
  }

  /** Whether a PROOF of the peer is right. */
  verifies(own: Uint8Array, theirs: Uint8Array, proof: { readonly received: number; readonly mac: Uint8Array }): boolean {
    const peerRole = this.#options.role === 'service' ? 'device' : 'service';
    return sameBytes(this.#mac(peerRole, own, theirs, proof.received), proof.mac);
  }

  #mac(role: SessionRole, own: Uint8Array, theirs: Uint8Array, received: number): Buffer {
    const hellos: Hellos = this.#options.role === 'service' ? { service: own, device: theirs } : { service: theirs, device: own };
    return proofMac(this.peer?.key ?? Buffer.alloc(0), role, received, hellos);
  }

  #pin(hello: Hello): Peer {
    const { role, sessionId } = this.#options;
    return {
      publicKey: hello.publicKey,
      limits: { initialWindowBytes: hello.initialWindowBytes, maxChannels: hello.maxChannels },
      maxFramesBytes: Math.min(SESSION_MESSAGE_BYTES, hello.maxMessageBytes) - FRAMES_HEADER_BYTES,
      resumeSeconds: hello.resumeSeconds,
      key: sessionKey(this.#keys, role, hello.publicKey, sessionId),
    };
  }
}
