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

/** A certificate to begin with, and its source; none where it stays as it is. */
export interface OpenedSource {
  readonly identity: ServerIdentity;
  readonly source: CertificateSource | undefined;
}

/** Keeps the certificate of a hub's ports in force. */
export class Certificates {
  #source: CertificateSource | undefined;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #identity: ServerIdentity;
  #present: ((pair: KeyPair) => void) | undefined;
  #stopChecking: Cancel | undefined;
  #checking = false;
  /** One look at the source after another, so that an older one never overtakes a newer. */
  #turn: Promise<void> = Promise.resolve();

  constructor({ identity, source }: OpenedSource, clock: Clock, logger: Logger) {
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
    this.#look();
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

  /** Goes over to another source, and takes what that has. @throws what `open` throws; all stays as it is then. */
  adopt(open: () => Promise<OpenedSource>): Promise<void> {
    return this.#inTurn(async () => {
      const { identity, source } = await open();
      this.#source = source;
      if (this.#present) this.#look();
      return identity;
    });
  }

  #look(): void {
    const source = this.#source;
    this.#stopChecking?.();
    this.#stopChecking = source && this.#clock.every(source.checkEveryMs, () => void this.#check(source));
  }

  /** A file system that hangs gets one look, not one more every time. */
  async #check(source: CertificateSource): Promise<void> {
    if (this.#checking) return;
    this.#checking = true;
    await this.#inTurn(() => source.newer()).catch((error: unknown) => this.#complain(error));
    this.#checking = false;
  }

  #inTurn(find: () => Promise<ServerIdentity | undefined>): Promise<void> {
    const done = this.#turn.then(() => this.#replace(find));
    this.#turn = done.catch(() => undefined);
    return done;
  }

  async #replace(find: () => Promise<ServerIdentity | undefined>): Promise<void> {
    const identity = await find();
    if (!identity || !this.#present) return;
    const isSame = identity.cert === this.#identity.cert;
    this.#present(identity);
    this.#identity = identity;
    if (!isSame) this.#logger.info(this.#inForce(), 'the hub presents a new certificate');
  }

  /** Whoever asks for a reload is told by its rejection. */
  #complain(error: unknown): void {
    const details = StreamsError.is(error) ? error.details : {};
    this.#logger.warn({ ...details, ...this.#inForce() }, `the hub keeps the certificate that it has: ${(error as Error).message}`);
  }

  #inForce(): { serialNumber: string; validTo: string } {
    const { serialNumber, validTo } = new X509Certificate(this.#identity.cert);
    return { serialNumber, validTo: new Date(validTo).toISOString() };
  }
}
