// Which connections are let in: so many from one address, and so many that have not said who they are.
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { Server as TlsServer } from 'node:tls';
import type { Duplex } from 'node:stream';
import { createError, type Random } from '@streams/protocol/internal';
import type { LimitsInForce } from '../config/limits-in-force.ts';
import type { HubObserver } from '../diagnostics/observer.ts';
import { type Sources, sourceOf } from './sources.ts';
import { Strangers } from './strangers.ts';
import { plainForm } from './trusted-proxies.ts';

/** What is let in by. */
export interface AdmissionContext {
  readonly limits: LimitsInForce;
  readonly sources: Sources;
  readonly observer: HubObserver;
  readonly random: Random;
}

interface Entry {
  /** The connection below TLS. */
  readonly socket: Socket;
  /** One too many: it is told so, and let go. */
  readonly isExcess: boolean;
}

/** Connections of one address beyond its limit that get an answer, which costs a TLS handshake; any more are reset. */
const ANSWERED_EXCESS = 32;
const RETRY_FROM_MS = 1_000;
const RETRY_SPREAD_MS = 4_000;

/** See the top of this file. */
export class Admission {
  readonly #context: AdmissionContext;
  readonly #entries = new Map<string, Entry>();
  readonly #connections = new Map<string, number>();
  readonly #strangers = new Strangers();

  constructor(context: AdmissionContext) {
    this.#context = context;
  }

  /** Stands in front of a server: what is not let in costs no TLS. */
  guard(server: Server): void {
    const isEncrypted = server instanceof TlsServer;
    const listeners = server.listeners('connection') as ((socket: Socket) => void)[];
    server.removeAllListeners('connection');
    server.on('connection', (socket: Socket) => {
      if (!this.#admit(socket, isEncrypted)) return void socket.resetAndDestroy();
      for (const listener of listeners) listener.call(server, socket);
    });
  }

  /** @throws `STREAMS_TOO_MANY_CONNECTIONS` for a request on a connection that is one too many. */
  check(socket: Duplex): void {
    if (this.#entries.get(keyOf(socket as Socket))?.isExcess) throw this.#tooMany();
  }

  /**
   * The same for an upgrade. A connection that came through others, a proxy or a server of the operator's own, counts from here on.
   * @param source Of the client.
   */
  checkUpgrade(socket: Duplex, source: string | undefined): void {
    const isCounted = this.#entries.has(keyOf(socket as Socket));
    if (isCounted || source === undefined || socket.destroyed) return this.check(socket);
    if (this.#countOf(source) >= this.#context.limits.current.maxConnectionsPerAddress) throw this.#tooMany();
    this.#count(source, socket);
  }

  /** Whoever is at the other end has said who it is. */
  authenticated(socket: Duplex): void {
    const entry = this.#entries.get(keyOf(socket as Socket));
    if (entry) this.#strangers.delete(entry.socket);
  }

  /** True if whoever is at the other end has said so before. */
  isKnown(socket: Duplex): boolean {
    const entry = this.#entries.get(keyOf(socket as Socket));
    return entry !== undefined && !this.#strangers.has(entry.socket);
  }

  #admit(socket: Socket, isEncrypted: boolean): boolean {
    const { limits, sources } = this.#context;
    const address = plainForm(socket.remoteAddress ?? '');
    // Those behind it are counted once they have said where they come from.
    if (sources.isShared(address, isEncrypted)) return true;
    const source = sources.of(address, isEncrypted);
    const beyond = source === undefined ? -1 : this.#countOf(source) - limits.current.maxConnectionsPerAddress;
    if (beyond >= ANSWERED_EXCESS) return this.#dropped('maxConnectionsPerAddress');
    if (!this.#makeRoom(sourceOf(address))) return this.#dropped('maxUnauthenticatedConnections');
    if (source !== undefined) this.#count(source, socket);
    const key = keyOf(socket);
    const entry = { socket, isExcess: beyond >= 0 };
    this.#entries.set(key, entry);
    this.#strangers.add(socket, sourceOf(address));
    socket.once('close', () => {
      // After a reset its ports may be another's before we are told.
      if (this.#entries.get(key) === entry) this.#entries.delete(key);
      this.#strangers.delete(socket);
    });
    return true;
  }

  #makeRoom(source: string): boolean {
    if (this.#strangers.size < this.#context.limits.current.maxUnauthenticatedConnections) return true;
    const victim = this.#strangers.victimFor(source);
    if (victim === undefined) return false;
    this.#strangers.delete(victim);
    victim.resetAndDestroy();
    this.#context.observer.limitReached('maxUnauthenticatedConnections');
    return true;
  }

  #dropped(limit: string): false {
    this.#context.observer.limitReached(limit);
    return false;
  }

  #countOf(source: string): number {
    return this.#connections.get(source) ?? 0;
  }

  #count(source: string, socket: Duplex): void {
    this.#connections.set(source, this.#countOf(source) + 1);
    socket.once('close', () => {
      const left = this.#countOf(source) - 1;
      if (left === 0) this.#connections.delete(source);
      else this.#connections.set(source, left);
    });
  }

  #tooMany(): Error {
    const { limits, observer, random } = this.#context;
    observer.limitReached('maxConnectionsPerAddress');
    return createError('TOO_MANY_CONNECTIONS', {
      retryAfterMs: Math.round(RETRY_FROM_MS + RETRY_SPREAD_MS * random.uniform()),
      details: { limit: 'maxConnectionsPerAddress', max: limits.current.maxConnectionsPerAddress },
    });
  }
}

/** The same for a TLS connection and the one below it. */
function keyOf({ remoteAddress, remotePort, localAddress, localPort }: Socket): string {
  return `${remoteAddress}|${remotePort}|${localAddress}|${localPort}`;
}
