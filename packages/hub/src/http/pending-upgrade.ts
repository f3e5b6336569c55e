// A WebSocket upgrade whose 101 is held back: granted or refused later, and watched until then (design section 4).
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import {
  type Clock,
  createError,
  type Leg,
  type LivenessTimes,
  RAW_PROTOCOL,
  type StreamsError,
  WS_OPTIONS,
  WsLeg,
} from '@streams/protocol/internal';
import { WebSocketServer } from 'ws';
import { refuseUpgrade } from './errors.ts';

/** What becomes of an upgrade, as the code sees it that decides. */
export interface PendingUpgrade {
  /** Calls `listener` if the client goes before the decision. */
  onLeave(listener: () => void): void;
  /** Sends the 101. The leg is paused; `undefined` if the client has just gone. */
  grant(protocol: string): Leg | undefined;
  /** Sends an error instead. */
  refuse(error: StreamsError): void;
}

/** How the leg of a granted upgrade behaves, and who is told of the answer. */
export interface LegManners {
  readonly answered: (status: number) => void;
  /** A client sends too many control frames. */
  readonly onFlood: () => void;
  readonly clock: Clock;
  readonly times?: LivenessTimes | undefined;
  readonly cleanCloseLimitMs?: number | undefined;
}

const KEY = /^[+/0-9A-Za-z]{22}==$/;

/** Turns upgrade requests into pending upgrades; one per kind of WebSocket. */
export class Upgrader {
  readonly #server: WebSocketServer;
  readonly #manners: LegManners;
  readonly #selected = new WeakMap<IncomingMessage, string>();

  constructor(maxMessageBytes: number, manners: LegManners) {
    this.#manners = manners;
    this.#server = new WebSocketServer({
      ...WS_OPTIONS,
      noServer: true,
      autoPong: false,
      clientTracking: false,
      maxPayload: maxMessageBytes,
      // Asked only if the client has offered one.
      handleProtocols: (_offered, request) => this.#selected.get(request) ?? false,
    });
  }

  /**
   * Holds an upgrade.
   * @throws `STREAMS_BAD_REQUEST` if it is no WebSocket upgrade, or the client did not wait for the answer.
   */
  hold(request: IncomingMessage, socket: Socket, head: Buffer, trackingId: string): PendingUpgrade {
    checkUpgrade(request);
    if (head.length > 0) throw createError('BAD_REQUEST', { message: 'bytes came before the upgrade was granted' });
    const tooEarly = (): void => void socket.destroy();
    let onLeave: (() => void) | undefined;
    const leave = (): void => onLeave?.();
    socket.on('data', tooEarly).on('end', tooEarly).on('close', leave);
    const release = (): void => void socket.off('data', tooEarly).off('end', tooEarly).off('close', leave);
    return {
      onLeave: (listener) => {
        onLeave = listener;
      },
      grant: (protocol) => {
        release();
        return this.#grant(request, socket, protocol);
      },
      refuse: (error) => {
        release();
        this.#manners.answered(refuseUpgrade(socket, error, trackingId, this.#manners.clock.wallMs()));
      },
    };
  }

  #grant(request: IncomingMessage, socket: Socket, protocol: string): Leg | undefined {
    let leg: Leg | undefined;
    this.#selected.set(request, protocol);
    // The 101 and what its receiver is told in the same turn leave as one: one record of TLS, one system call, one wake-up over there.
    socket.cork();
    process.nextTick(() => socket.uncork());
    // ws calls back at once, or not at all if the socket has died.
    this.#server.handleUpgrade(request, socket, Buffer.alloc(0), (ws) => {
      this.#manners.answered(101);
      leg = new WsLeg(ws, socket, { ...this.#manners, side: 'hub', raw: protocol === RAW_PROTOCOL });
    });
    return leg;
  }
}

/** The subprotocols that a client offers; none is fine. */
export function offeredProtocols(request: IncomingMessage): string[] {
  const header = request.headers['sec-websocket-protocol'];
  return header === undefined ? [] : header.split(',').map((protocol) => protocol.trim());
}

function checkUpgrade({ method, headers }: IncomingMessage): void {
  const upgrade = headers.upgrade?.toLowerCase() === 'websocket';
  if (method !== 'GET' || !upgrade || headers['sec-websocket-version'] !== '13' || !KEY.test(headers['sec-websocket-key'] ?? '')) {
    throw createError('BAD_REQUEST', { message: 'this is no WebSocket upgrade of version 13' });
  }
}
