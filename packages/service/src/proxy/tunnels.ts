// The tunnels of a service proxy: one for each stream name, opened by its first connection, shared by all, closed when it was idle for a while.
import {
  type Cancel,
  type Clock,
  createError,
  type Deferred,
  deferred,
  StreamsError,
  STREAMS_ONLY_MS,
  throwIfAborted,
  type Tunnel,
  TUNNEL_IDLE_MS,
  unlessAborted,
} from '@streams/protocol/internal';
import type { OpenTunnel } from '../open-tunnel.ts';
import type { Redial } from '../redial.ts';

/** What the tunnels need. */
export interface TunnelsContext {
  readonly clock: Clock;
  /** How long a connection waits for a tunnel that has lost its own. */
  readonly timeoutMs: number;
  readonly open: (name: string, signal: AbortSignal) => Promise<OpenTunnel>;
}

interface Entry {
  /** As soon as there is one. */
  opened: OpenTunnel | undefined;
  /** Undefined where the device takes streams only. */
  readonly opening: Promise<OpenTunnel | undefined>;
  stopTimer: Cancel | undefined;
}

/** See the file's head. */
export class Tunnels {
  readonly #context: TunnelsContext;
  readonly #entries = new Map<string, Entry>();
  /** Ends the handshakes that run. */
  readonly #closing = new AbortController();

  constructor(context: TunnelsContext) {
    this.#context = context;
  }

  /** The tunnel for a connection, if it can be had without waiting: what most connections take. As {@link Tunnels.get} otherwise. */
  ready(name: string): OpenTunnel | undefined {
    const opened = this.#entries.get(name)?.opened;
    return opened?.tunnel.session.state === 'open' ? opened : undefined;
  }

  /**
   * The tunnel for a connection, which is to say {@link Tunnels.leave} when it has ended; undefined where there can be none.
   * @throws as `ServiceClient.openTunnel`
   */
  async get(name: string, signal: AbortSignal): Promise<OpenTunnel | undefined> {
    for (;;) {
      throwIfAborted(signal);
      const opened = await unlessAborted(this.#entry(name).opening, signal);
      if (opened === undefined) return undefined;
      const { tunnel, redial } = opened;
      if (tunnel.session.state === 'suspended') await this.#resume(tunnel, redial, signal);
      if (tunnel.session.state === 'open') return opened;
    }
  }

  /** A connection has ended. */
  leave(name: string, tunnel: Tunnel): void {
    const entry = this.#entries.get(name);
    if (entry === undefined || tunnel.session.channels > 0) return;
    entry.stopTimer?.();
    entry.stopTimer = this.#context.clock.after(TUNNEL_IDLE_MS, () => {
      if (tunnel.session.channels > 0) return;
      // A connection that comes while it closes gets another one.
      this.#forget(name, entry);
      void tunnel.close();
    });
  }

  /** Ends all tunnels. */
  async close(): Promise<void> {
    this.#closing.abort(createError('CLOSED'));
    const entries = [...this.#entries.values()];
    this.#entries.clear();
    for (const { stopTimer, opening } of entries) {
      stopTimer?.();
      await opening.then((opened) => opened?.tunnel.destroy()).catch(() => undefined);
    }
  }

  #entry(name: string): Entry {
    const known = this.#entries.get(name);
    if (known) return known;
    const opening = this.#open(name, () => this.#forget(name, entry));
    const entry: Entry = { opening, opened: undefined, stopTimer: undefined };
    this.#entries.set(name, entry);
    return entry;
  }

  async #open(name: string, forget: () => void): Promise<OpenTunnel | undefined> {
    try {
      const opened = await this.#context.open(name, this.#closing.signal);
      void opened.tunnel.closed.then(forget);
      const entry = this.#entries.get(name);
      if (entry) entry.opened = opened;
      // The connection that it was opened for may be gone.
      this.leave(name, opened.tunnel);
      return opened;
    } catch (error) {
      if (!StreamsError.is(error) || error.code !== 'STREAMS_PROTOCOL_MISMATCH') {
        forget();
        throw error;
      }
      // The device may be another version tomorrow.
      const entry = this.#entries.get(name);
      if (entry) entry.stopTimer = this.#context.clock.after(STREAMS_ONLY_MS, forget);
      return undefined;
    }
  }

  #forget(name: string, entry: Entry): void {
    entry.stopTimer?.();
    if (this.#entries.get(name) === entry) this.#entries.delete(name);
  }

  /** A new connection is told at once why there is no way, while the older ones wait. */
  async #resume(tunnel: Tunnel, redial: Redial, signal: AbortSignal): Promise<void> {
    try {
      await unlessAborted(redial.attempt(), signal);
    } catch (error) {
      if (tunnel.session.state === 'suspended') throw error;
      return;
    }
    await this.#untilUsable(tunnel, signal);
  }

  /** Until the tunnel goes on, or has ended. */
  async #untilUsable(tunnel: Tunnel, signal: AbortSignal): Promise<void> {
    if (tunnel.session.state !== 'suspended') return;
    const { clock, timeoutMs } = this.#context;
    const usable: Deferred<void> = deferred();
    const stopListening = [tunnel.on('resumed', usable.resolve), tunnel.on('closed', () => usable.resolve())];
    const cancel = clock.after(timeoutMs, () =>
      usable.reject(createError('HANDSHAKE_TIMEOUT', { details: { phase: 'answer', timeoutMs } })),
    );
    try {
      await unlessAborted(usable.promise, signal);
    } finally {
      cancel();
      for (const stop of stopListening) stop();
    }
  }
}
