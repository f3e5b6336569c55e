// A leg over a WebSocket: the only place, besides the dialler and the hub's upgrade, that knows ws.
import type { Socket } from 'node:net';
import { EventEmitter } from 'eventemitter3';
import type { Cancel, Clock } from '../time/clock.ts';
import { CLOSE_CLEAN, CLOSE_REVOKED, MAX_CLOSE_REASON_BYTES } from '../wire/close-codes.ts';
import { ABNORMAL_CLOSE_WAIT_MS, PEER_CLOSE_WAIT_MS } from '../wire/defaults.ts';
import { cutUtf8 } from '../wire/encode.ts';
import { MAX_BUFFERED_CHUNKS, MAX_FRAGMENTS } from '../wire/limits.ts';
import { ControlFlood } from './control-flood.ts';
import type { Leg, LegEvents, LegMessage } from './leg.ts';
import { LEG_TIMES, Liveness, type LivenessTimes } from './liveness.ts';

/**
 * What every WebSocket is opened with, at either end. `closeTimeout` of ws is out of the way: it would cut a clean end
 * towards a slow reader, so the leg owns its timers.
 */
export const WS_OPTIONS: { perMessageDeflate: false; maxFragments: number; maxBufferedChunks: number; closeTimeout: number } = {
  perMessageDeflate: false,
  maxFragments: MAX_FRAGMENTS,
  maxBufferedChunks: MAX_BUFFERED_CHUNKS,
  closeTimeout: 2_147_483_647,
};

/** What a leg needs of a WebSocket of ws; spelled out, so that who uses our types does not need those of ws. */
export interface WebSocketLike {
  readonly bufferedAmount: number;
  readonly readyState: number;
  readonly OPEN: number;
  readonly CLOSING: number;
  readonly CLOSED: number;
  on(event: string, listener: (...args: never[]) => void): unknown;
  once(event: string, listener: (...args: never[]) => void): unknown;
  send(message: LegMessage, sent?: (error?: Error) => void): void;
  ping(): void;
  pong(data?: Uint8Array, mask?: boolean, sent?: () => void): void;
  pause(): void;
  resume(): void;
  close(code: number, reason: string): void;
  terminate(): void;
}

/** How a leg behaves. */
export interface WsLegOptions {
  readonly clock: Clock;
  /** A client breaks its silence with a pong, which asks for nothing; a hub with a ping, which every client answers by itself. */
  readonly side: 'client' | 'hub';
  /** Default: {@link LEG_TIMES}. */
  readonly times?: LivenessTimes | undefined;
  /**
   * True for the leg of a client that may know nothing of our liveness (design section 5): nothing is sent together with data,
   * and it is not dead while bytes flow to it. Default: false.
   */
  readonly raw?: boolean | undefined;
  /** Bounds a close with 1000 too, in milliseconds. Default: it waits as long as the peer shows life. */
  readonly cleanCloseLimitMs?: number | undefined;
  /**
   * Bounds the peer's pings and pongs; called when it has sent too many, and is closed with 1008. The leg answers pings then, one
   * at a time, and ws is to leave them alone (`autoPong: false`). Default: there is no bound, and ws answers.
   */
  readonly onFlood?: (() => void) | undefined;
}

/** See {@link Leg}. */
export class WsLeg extends EventEmitter<LegEvents> implements Leg {
  readonly #ws: WebSocketLike;
  readonly #socket: Socket;
  readonly #options: WsLegOptions;
  readonly #liveness: Liveness;
  readonly #flood: ControlFlood | undefined;
  #closing = false;
  #violation = false;
  #isAnswering = false;
  #messagesTaken = 0;
  /** The shortest wait for the peer that somebody has asked for. */
  #waitMs = Number.POSITIVE_INFINITY;
  #stopWaiting: Cancel | undefined;
  #stopAsking: Cancel | undefined;

  /** @param socket The WebSocket's own: ws shows only whole messages, the socket every byte. */
  constructor(ws: WebSocketLike, socket: Socket, options: WsLegOptions) {
    super();
    this.#ws = ws;
    this.#socket = socket;
    this.#options = options;
    this.#liveness = new Liveness(
      {
        // Of a `raw` client that only receives, that it takes our messages is all the life there is to see.
        bytesReceived: () => socket.bytesRead + (options.raw ? this.#messagesTaken : 0),
        keepAlive: () => this.#keepAlive(),
        probe: () => this.#probe(),
        dead: () => this.#dead(),
      },
      options.clock,
      options.times ?? LEG_TIMES,
    );
    const watch = (): void => this.#watchPeer();
    // Before ws hears of it, which would answer with an end of our own.
    socket.prependListener('end', () => this.#onPeerGone());
    socket.on('data', watch).on('end', watch);
    ws.on('message', (data: Buffer, isBinary: boolean) => this.#onMessage(data, isBinary));
    // An answer breaks our silence as well as a word of our own.
    ws.on('ping', () => this.#liveness.sent());
    ws.on('error', (error: NodeJS.ErrnoException) => this.#onError(error));
    this.#flood = options.onFlood && new ControlFlood(options.clock);
    if (this.#flood) ws.on('pong', () => this.#onControl());
    if (this.#flood) ws.on('ping', (data: Buffer) => this.#onPing(data));
    ws.once('close', (code: number, reason: Buffer) => this.#onClose(code, reason.toString()));
    this.pause();
  }

  /** ws masks what a client sends, and does so into an array of its own. */
  get copies(): boolean {
    return this.#options.side === 'client';
  }

  get bufferedBytes(): number {
    return this.#ws.bufferedAmount;
  }

  send(message: LegMessage, flushed?: () => void): void {
    this.#liveness.sent();
    if (flushed === undefined && !this.#options.raw) return this.#ws.send(message);
    this.#ws.send(message, (error) => {
      // A socket that is destroyed calls back for what it has dropped as if it were sent.
      if (error || this.#ws.readyState !== this.#ws.OPEN) return;
      this.#messagesTaken += 1;
      flushed?.();
    });
  }

  pause(): void {
    if (this.#closing) return;
    this.#liveness.reading(false);
    this.#flood?.reading(false);
    this.#ws.pause();
  }

  resume(): void {
    this.#liveness.reading(true);
    this.#flood?.reading(true);
    this.#ws.resume();
  }

  close(code: number, reason = ''): void {
    this.#bound(code === CLOSE_CLEAN ? this.#options.cleanCloseLimitMs : ABNORMAL_CLOSE_WAIT_MS);
    if (this.#closing) return;
    this.#closing = true;
    this.#ws.close(code, cutUtf8(reason, MAX_CLOSE_REASON_BYTES));
    // The peer's close stands behind what it has still sent: read that, and drop it.
    this.resume();
  }

  requireLife(withinMs: number): void {
    if (this.#ws.readyState === this.#ws.CLOSED) return;
    const { bytesRead } = this.#socket;
    this.#stopAsking?.();
    this.#ws.ping();
    this.#stopAsking = this.#options.clock.after(withinMs, () => {
      if (this.#socket.bytesRead === bytesRead) this.#ws.terminate();
    });
  }

  terminate(): void {
    this.#ws.terminate();
  }

  #bound(waitMs: number | undefined): void {
    if (this.#ws.readyState === this.#ws.CLOSED) return;
    if (waitMs === undefined || waitMs >= this.#waitMs) return;
    this.#waitMs = waitMs;
    this.#stopWaiting?.();
    this.#stopWaiting = this.#options.clock.after(waitMs, () => this.#ws.terminate());
  }

  #keepAlive(): void {
    if (this.#isBusy) return;
    if (this.#options.side === 'client') this.#ws.pong();
    else this.#ws.ping();
  }

  #dead(): void {
    if (!this.#isBusy) this.#ws.terminate();
  }

  /** A `raw` leg with data on the way: it is left alone, since TCP itself notices when nobody is there to take them. */
  get #isBusy(): boolean {
    return this.#options.raw === true && this.#ws.bufferedAmount > 0;
  }

  #probe(): void {
    // While bytes wait to be sent the kernel probes by itself, and ours would only pile up.
    if (this.#ws.bufferedAmount === 0) this.#ws.pong();
  }

  #onMessage(data: Buffer, isBinary: boolean): void {
    if (!this.#closing) this.emit('message', isBinary ? data : data.toString());
  }

  #onError(error: NodeJS.ErrnoException): void {
    // ws answers a violation with a close frame of its own, then waits; the peer may never go.
    if (!error.code?.startsWith('WS_ERR_')) return;
    this.#violation = true;
    this.#closing = true;
    this.#bound(PEER_CLOSE_WAIT_MS);
  }

  #onControl(): void {
    if (this.#closing || !this.#flood?.add()) return;
    // Whatever the peer answers is not its own end, and is none of the other side's business.
    this.#violation = true;
    this.#options.onFlood?.();
    this.close(CLOSE_REVOKED, 'FLOOD;retry=0');
  }

  /** Of pings that come while an answer waits to be sent only that one is answered (RFC 6455 section 5.5.3): who does not read fills no queue. */
  #onPing(data: Buffer): void {
    this.#onControl();
    if (this.#closing || this.#isAnswering) return;
    this.#isAnswering = true;
    this.#ws.pong(data, false, () => (this.#isAnswering = false));
  }

  /**
   * Who ends its connection without a close frame has died, and reads no farewell, though each costs a record of TLS and a system
   * call: of thousands that drop at once a hub would notice the last one so much later.
   */
  #onPeerGone(): void {
    if (this.#ws.readyState !== this.#ws.OPEN || this.#ws.bufferedAmount > 0) return;
    this.#closing = true;
    this.#ws.terminate();
  }

  /** ws tells of the peer's close only once the connection is gone, and the peer may let that wait for ever. */
  #watchPeer(): void {
    if (this.#closing || this.#ws.readyState !== this.#ws.CLOSING) return;
    this.#closing = true;
    this.#bound(PEER_CLOSE_WAIT_MS);
  }

  #onClose(code: number, reason: string): void {
    this.#liveness.stop();
    this.#stopWaiting?.();
    this.#stopAsking?.();
    this.emit('close', { code, reason, violation: this.#violation });
    this.removeAllListeners();
  }
}
