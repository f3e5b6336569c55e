// What the hub's parts tell of what happens, for metrics and whoever else counts. What is there to be read, such as bytes relayed, nobody tells.
import type { LegEnd, LogEndedBy, LogResult, WireCode } from '@streams/protocol/internal';
import type { Refusal } from '../auth/authenticate.ts';
import type { Role } from '../streams/handshake.ts';

/** How a handshake turned out. */
export interface HandshakeOutcome {
  readonly result: LogResult;
  /** Why, as a key of the error table; undefined where it was established. */
  readonly code?: WireCode | undefined;
  readonly durationMs: number;
}

/** How a stream ended. */
export interface StreamEnd {
  readonly result: LogResult;
  readonly endedBy: LogEndedBy;
}

/** Why a caller was not let in: what is wrong with its credential, with its stream token, or that it is another device. */
export type RefusedCredential = Refusal | 'stream-token' | 'wrong-device';

/** Told of each event, once. It returns at once, and never throws. */
export interface HubObserver {
  linkOpened(): void;
  linkClosed(end: LegEnd): void;
  handshakeSettled(outcome: HandshakeOutcome): void;
  streamEnded(end: StreamEnd): void;
  /** The relay has stopped reading a leg, since the other one takes its bytes too slowly. @param to The slow one. */
  relayStalled(to: Role): void;
  credentialRefused(cause: RefusedCredential): void;
  /** @param limit Its name, one of a fixed few. */
  limitReached(limit: string): void;
  /** An HTTP answer went out, to a request or an upgrade. */
  answered(status: number): void;
}

const ignore = (): void => undefined;

/** Counts nothing. */
export const silentObserver: HubObserver = {
  linkOpened: ignore,
  linkClosed: ignore,
  handshakeSettled: ignore,
  streamEnded: ignore,
  relayStalled: ignore,
  credentialRefused: ignore,
  limitReached: ignore,
  answered: ignore,
};
