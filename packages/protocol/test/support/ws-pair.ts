// Two legs over a real WebSocket on the loopback interface, on one fake clock; and a leg opposite a raw peer.
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { FakeClock, type LeakCheck, leakCheck, RawPeer } from '@streams/testkit';
import { expect, onTestFinished } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { WS_OPTIONS, WsLeg, type WsLegOptions } from '../../src/leg/ws-leg.ts';
import { eventually } from './eventually.ts';

/** What a hub lets through. */
export const MAX_MESSAGE_BYTES = 262_144;

type MoreOptions = Omit<WsLegOptions, 'clock' | 'side'>;

/** One end: the leg, and what lies under it. */
export interface End {
  readonly leg: WsLeg;
  readonly ws: WebSocket;
  readonly socket: Socket;
}

/** A server whose WebSockets become legs. */
export class WsBench {
  readonly clock: FakeClock;
  readonly #server = new WebSocketServer({ port: 0, host: '127.0.0.1', ...WS_OPTIONS, maxPayload: MAX_MESSAGE_BYTES });
  readonly #cleanups: (() => void)[] = [];

  constructor(clock: FakeClock = new FakeClock()) {
    this.clock = clock;
  }

  /** A bench for one test, after which nothing may be left open. */
  static forTest(): WsBench {
    const check = leakCheck();
    const bench = new WsBench();
    onTestFinished(() => bench.close(check));
    return bench;
  }

  async close(check?: LeakCheck): Promise<void> {
    for (const cleanup of this.#cleanups.splice(0)) cleanup();
    this.#server.close();
    await check?.settled();
    await eventually(() => this.clock.pendingTimers).toBe(0);
  }

  /** A client's end and the hub's. */
  async pair(options: MoreOptions = {}): Promise<[client: End, hub: End]> {
    const hub = this.#accept(options);
    const ws = new WebSocket(`ws://127.0.0.1:${await this.#port()}`, { ...WS_OPTIONS, maxPayload: MAX_MESSAGE_BYTES });
    this.#cleanups.push(() => ws.terminate());
    const upgraded = once(ws, 'upgrade') as Promise<[IncomingMessage]>;
    const opened = new Promise<WsLeg>((resolve) => {
      ws.once(
        'open',
        () => void upgraded.then(([{ socket }]) => resolve(new WsLeg(ws, socket, { clock: this.clock, side: 'client', ...options }))),
      );
    });
    const [{ socket }] = await upgraded;
    return [{ leg: await opened, ws, socket }, await hub];
  }

  /** A peer that is bound by no protocol, and the hub's end. */
  async rawPair(options: MoreOptions = {}): Promise<[peer: RawPeer, hub: End]> {
    const hub = this.#accept(options);
    const peer = await RawPeer.connect({ port: await this.#port() });
    this.#cleanups.push(() => peer.destroy());
    expect((await peer.upgrade('/')).status).toBe(101);
    return [peer, await hub];
  }

  #accept(options: MoreOptions): Promise<End> {
    return new Promise((resolve) => {
      this.#server.once('connection', (ws, { socket }) => {
        this.#cleanups.push(() => ws.terminate());
        resolve({ leg: new WsLeg(ws, socket, { clock: this.clock, side: 'hub', ...options }), ws, socket });
      });
    });
  }

  async #port(): Promise<number> {
    if (this.#server.address() === null) await once(this.#server, 'listening');
    return (this.#server.address() as AddressInfo).port;
  }
}
