// The certificate that the hub presents: looked after at intervals, and replaced without touching a connection.
import { X509Certificate } from 'node:crypto';
import { type Cancel, type Clock, createError, type Logger, StreamsError } from '@streams/protocol/internal';
import type { KeyPair } from '../http/server.ts';

/** What the hub presents, and the CA that clients are to pin, where there is one. */
export interface ServerIdentity extends KeyPair {
  readonly caCertificate?: string | undefined;
}

/** Where certificates come from. */
export interface CertificateSource {
  /** How often to ask whether there is a newer one. */
  readonly checkEveryMs: number;
  /** Gives what is there now. @throws `STREAMS_INVALID_ARGUMENT` that says what is wrong with it. */
  load(): Promise<ServerIdentity>;
  /** Gives what has come since the last one that it gave. Throws like `load`, but once for the same cause. */
  newer(): Promise<ServerIdentity | undefined>;
}

/** Keeps the certificate of a hub's ports in force. */
export class Certificates {
  readonly #source: CertificateSource | undefined;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #identity: ServerIdentity;
  #present: ((pair: KeyPair) => void) | undefined;
  #stopChecking: Cancel | undefined;
  #checking = false;
  /** One look at the source after another, so that an older one never overtakes a newer. */
  #turn: Promise<void> = Promise.resolve();

  /** @param source Undefined: the identity stays as it is. */
  constructor(identity: ServerIdentity, source: CertificateSource | undefined, clock: Clock, logger: Logger) {
    this.#identity = identity;
    this.#source = source;
    this.#clock = clock;
    this.#logger = logger;
  }

  /** The one in force. */
  get identity(): ServerIdentity {
    return this.#identity;
  }

  /** When it ends, in milliseconds since 1970. */
  get expiryMs(): number {
    return new Date(new X509Certificate(this.#identity.cert).validTo).getTime();
  }

  /** From now on `present` is told what comes. */
  serve(present: (pair: KeyPair) => void): void {
    this.#present = present;
    const source = this.#source;
    if (source) this.#stopChecking = this.#clock.every(source.checkEveryMs, () => void this.#check(source));
  }

  stop(): void {
    this.#present = undefined;
    this.#stopChecking?.();
  }

  /** Takes what the source has now. @throws what the source throws; the one in force stays then. */
  async reload(): Promise<void> {
    const source = this.#source;
    if (source) return this.#inTurn(() => source.load());
    throw createError('INVALID_STATE', {
      message: 'reloadCertificate: the hub got its certificate as text; give it tls.keyFile and tls.certFile, and it can read them again',
    });
  }

  /** A file system that hangs gets one look, not one more every time. */
  async #check(source: CertificateSource): Promise<void> {
    if (this.#checking) return;
    this.#checking = true;
    await this.#inTurn(() => source.newer()).catch(() => undefined); // stands in the log
    this.#checking = false;
  }

  #inTurn(find: () => Promise<ServerIdentity | undefined>): Promise<void> {
    const done = this.#turn.then(() => this.#replace(find));
    this.#turn = done.catch(() => undefined);
    return done;
  }

  async #replace(find: () => Promise<ServerIdentity | undefined>): Promise<void> {
    try {
      const identity = await find();
      if (!identity || !this.#present) return;
      this.#present(identity);
      this.#identity = identity;
      this.#logger.info(this.#inForce(), 'the hub presents a new certificate');
    } catch (error) {
      const details = StreamsError.is(error) ? error.details : {};
      this.#logger.warn({ ...details, ...this.#inForce() }, `the hub keeps the certificate that it has: ${(error as Error).message}`);
      throw error;
    }
  }

  #inForce(): { serialNumber: string; validTo: string } {
    const { serialNumber, validTo } = new X509Certificate(this.#identity.cert);
    return { serialNumber, validTo: new Date(validTo).toISOString() };
  }
}
