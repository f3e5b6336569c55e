// When devices were connected last: gathered as they come and go, by the thousand at times, and written a little later, together.
import type { Cancel, Clock, Logger } from '@streams/protocol/internal';
import type { LastSeen } from './registry.ts';

const WRITE_EVERY_MS = 1_000;
/** Devices per write: so that nobody waits long while thousands are written. */
const BATCH = 500;

/** What it works on. */
export interface JournalContext {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Where it is kept; `undefined`: nowhere. */
  readonly lastSeen: LastSeen | undefined;
}

/** See the top of this file. */
export class LastSeenJournal {
  readonly #context: JournalContext;
  readonly #unwritten = new Map<string, number>();
  #cancel: Cancel | undefined;
  #isFailing = false;
  #writing: Promise<void> = Promise.resolve();

  constructor(context: JournalContext) {
    this.#context = context;
  }

  /** The device is, or was until now, connected. */
  seen(deviceId: string): void {
    const { clock, lastSeen } = this.#context;
    if (!lastSeen) return;
    this.#unwritten.set(deviceId, clock.wallMs());
    this.#cancel ??= clock.every(WRITE_EVERY_MS, () => void this.#write());
  }

  /** When these devices were connected last, in milliseconds since 1970, as far as it is known. */
  async find(deviceIds: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const times = new Map(await this.#context.lastSeen?.get(deviceIds));
    for (const deviceId of deviceIds) {
      const ms = this.#unwritten.get(deviceId);
      if (ms !== undefined) times.set(deviceId, ms);
    }
    return times;
  }

  /** Resolves once all is written, or could not be: that is no failure of the hub, and the log says so. */
  async close(): Promise<void> {
    this.#cancel?.();
    await this.#write();
  }

  #write(): Promise<void> {
    this.#writing = this.#writing.then(() => this.#writeAll());
    return this.#writing;
  }

  async #writeAll(): Promise<void> {
    while (this.#unwritten.size > 0) {
      const batch = new Map([...this.#unwritten].slice(0, BATCH));
      try {
        await this.#context.lastSeen?.put(batch);
        this.#isFailing = false;
      } catch (err) {
        // It is tried again every second.
        if (!this.#isFailing) this.#context.logger.error({ err }, 'when devices were connected last cannot be written');
        this.#isFailing = true;
        return;
      }
      for (const [deviceId, ms] of batch) if (this.#unwritten.get(deviceId) === ms) this.#unwritten.delete(deviceId);
    }
  }
}
