// `streams.v1` as a Node Duplex: frames, half-close, clean end, abort, liveness. Written from docs/protocol.md, sections 9 and 10, alone.
import { Duplex } from 'node:stream';
import { cut, type Outcome, StreamTerminatedError } from './ends.ts';
import { type Times, watch } from './liveness.ts';
import type { Connection } from './wire.ts';

const [DATA, FIN] = [0x00, 0x01];
const MAX_PAYLOAD = 65_536;
const [CLEAN, VIOLATION, ABORTED] = [1000, 1002, 4400];
const ABORT_MS = 1_000;
const TIMES: Times = { tick: 1_000, idle: 15_000, dead: 25_000 };

type Done = (error?: Error | null) => void;

/** One side of a stream. */
export class ForeignStream extends Duplex {
  bytesRead = 0;
  bytesWritten = 0;
  readonly outcome: Promise<Outcome>;
  readonly #connection: Connection;
  #settle!: (outcome: Outcome) => void;
  #finSent = false;
  #finReceived = false;
  #abortReason = '';
  /** The callback of the write that is under way. */
  #writing: Done | undefined;
  #whenClosed: ((code: number) => void) | undefined;
  #closeCode: number | undefined;

  constructor(connection: Connection, times: Times = TIMES) {
    super({ allowHalfOpen: true, readableHighWaterMark: 262_144, writableHighWaterMark: 262_144 });
    this.#connection = connection;
    this.outcome = new Promise((resolve) => (this.#settle = resolve));
    this.on('error', () => undefined);
    watch(connection, times);
    connection.ws.on('message', (data: Buffer, isBinary) => this.#onMessage(data, isBinary));
    connection.ws.on('error', () => undefined);
    connection.ws.once('close', (code, reason) => this.#onClose(code, reason.toString()));
    // An end is to be seen where nobody reads yet.
    this.read(0);
  }

  abort(reason = ''): void {
    this.#abortReason = reason;
    this.destroy();
  }

  /** Cuts the connection, as a power cut would. */
  kill(): void {
    this.#connection.ws.terminate();
  }

  /** At the natural end the writable half stays open. */
  override async *[Symbol.asyncIterator](): AsyncGenerator<Buffer, undefined> {
    let ended = false;
    try {
      yield* this.iterator({ destroyOnReturn: false });
      ended = true;
    } finally {
      if (!ended) this.destroy();
    }
    return undefined;
  }

  override _read(): void {
    this.#connection.ws.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: Done): void {
    this.#writing = done;
    this.#send(chunk);
  }

  #send(rest: Buffer): void {
    if (this.destroyed || this.#writing === undefined) return;
    if (rest.length === 0) {
      const done = this.#writing;
      this.#writing = undefined;
      return done();
    }
    const payload = rest.subarray(0, MAX_PAYLOAD);
    this.bytesWritten += payload.length;
    // The next frame only when the operating system has this one: that is all the back-pressure there is.
    this.#connection.ws.send(Buffer.concat([Buffer.of(DATA), payload]), (error) => error ?? this.#send(rest.subarray(MAX_PAYLOAD)));
  }

  override _final(done: Done): void {
    this.#finSent = true;
    this.#connection.ws.send(Buffer.of(FIN), (error) => error ?? done());
  }

  #onMessage(data: Buffer, isBinary: boolean): void {
    if (this.destroyed || this.#finReceived) return;
    const payload = data.subarray(1);
    const isData = isBinary && data[0] === DATA && payload.length <= MAX_PAYLOAD;
    const isFin = isBinary && data[0] === FIN && payload.length === 0;
    if (isData && payload.length > 0) {
      this.bytesRead += payload.length;
      if (!this.push(payload)) this.#connection.ws.pause();
    } else if (isFin) {
      this.#finReceived = true;
      this.push(null);
      this.#connection.ws.resume();
    } else if (!isData) {
      this.#connection.ws.close(VIOLATION);
      this.destroy(new StreamTerminatedError(VIOLATION, ''));
    }
  }

  #onClose(code: number, reason: string): void {
    this.#closeCode = code;
    if (this.#whenClosed) this.#whenClosed(code);
    else if (!this.#isClean(code)) this.destroy(new StreamTerminatedError(code, reason));
  }

  #isClean(code: number): boolean {
    return code === CLEAN && this.#finSent && this.#finReceived;
  }

  override _destroy(error: Error | null, done: Done): void {
    const finish = (code: number): void => {
      const failure = error ?? (clean && !this.#isClean(code) ? new StreamTerminatedError(code, '') : null);
      if (failure instanceof StreamTerminatedError) this.#settle({ by: failure.by, reason: failure.reason, clean: false });
      else this.#settle({ by: 'local', reason: this.#abortReason, clean });
      done(failure);
    };
    const clean = error === null && this.#finSent && this.#finReceived;
    this.#writing?.(error ?? new StreamTerminatedError(ABORTED, this.#abortReason));
    if (this.#closeCode !== undefined) return finish(this.#closeCode);
    this.#whenClosed = finish;
    const { ws } = this.#connection;
    ws.close(clean ? CLEAN : ABORTED, clean ? '' : cut(this.#abortReason));
    ws.resume();
    if (!clean) setTimeout(() => ws.terminate(), ABORT_MS);
  }
}
