// What the relay and the streams see of a connection: whole messages, back-pressure, an end. Nothing of WebSockets.
import type { EventEmitter } from 'eventemitter3';

/** Bytes travel as binary messages, control messages as text. */
export type LegMessage = Uint8Array | string;

/** How a leg ended. */
export interface LegEnd {
  /** The WebSocket close code: the peer's where it sent one, 1005 where its close was empty, 1006 where none came. */
  readonly code: number;
  /** The peer's close reason; empty where it gave none. */
  readonly reason: string;
  /** True if the peer broke the protocol, so that its code, whatever it is, does not count. */
  readonly violation: boolean;
}

/** What happens on a leg. Each leg emits `close` exactly once, and nothing after it. */
export interface LegEvents {
  message: [message: LegMessage];
  close: [end: LegEnd];
}

/**
 * One side's connection: an ordered, reliable sequence of messages each way (design section 3).
 * A leg starts paused: attach the listeners, then call {@link Leg.resume}.
 */
export interface Leg extends Pick<EventEmitter<LegEvents>, 'on' | 'off' | 'once'> {
  /** Bytes that were sent and that the operating system has not taken yet. */
  readonly bufferedBytes: number;
  /** True if {@link Leg.send} has copied an array by the time it returns, so that the caller may write into it again. */
  readonly copies: boolean;
  /** True if {@link Leg.send} leaves the array to the caller, who keeps it as it is until `flushed` has run. Default: false. */
  readonly borrows?: boolean;
  /**
   * Sends one message, in order. Takes over `message`, unless {@link Leg.copies}: the caller no longer writes into it.
   * `flushed` runs once the operating system has taken the message; never if the leg ends before.
   */
  send(message: LegMessage, flushed?: () => void): void;
  /** Stops reading, so that the peer's writes stop in turn. */
  pause(): void;
  /** Reads again. */
  resume(): void;
  /**
   * Ends the leg. What was sent goes out first; what still comes is discarded.
   * With 1000 it waits for the peer as long as that shows life; with any other code it terminates after one second.
   */
  close(code: number, reason?: string): void;
  /** Asks the peer for a sign of life, and cuts the connection if none comes within `withinMs`. */
  requireLife(withinMs: number): void;
  /** Cuts the connection at once. */
  terminate(): void;
}
