// Stream requests as an async iterator: they wait here until the loop comes round, and go when their handshake ends.
import { abortedError, type Deferred, deferred, onAbort, type StreamsError } from '@streams/protocol/internal';
import type { StreamRequest } from './request.ts';

type Step = IteratorResult<StreamRequest, undefined>;

/** What `DeviceClient.requests()` gives. */
export class RequestLoop implements AsyncIterableIterator<StreamRequest> {
  readonly #leave: (waiting: readonly StreamRequest[]) => void;
  readonly #waiting = new Set<StreamRequest>();
  /** Calls of `next()` that wait for a request. */
  readonly #takers: Deferred<Step>[] = [];
  #isOver = false;
  /** Thrown once, by the next `next()`. */
  #failure: StreamsError | undefined;
  #forgetSignal: () => void = () => undefined;

  /** @param leave Called once, when the loop is over, with what waits in it. */
  constructor(leave: (waiting: readonly StreamRequest[]) => void) {
    this.#leave = leave;
  }

  /** Ends the loop with `STREAMS_ABORTED` when the signal fires. */
  endWith(signal: AbortSignal | undefined): void {
    this.#forgetSignal = onAbort(signal, () => this.end(abortedError(signal as AbortSignal)));
  }

  add(request: StreamRequest): void {
    const taker = this.#takers.shift();
    if (taker) return taker.resolve({ done: false, value: request });
    this.#waiting.add(request);
    request.signal.addEventListener('abort', () => this.#waiting.delete(request), { once: true });
  }

  /** Ends the loop: naturally, or with an error. */
  end(cause?: StreamsError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#failure = cause;
    this.#forgetSignal();
    this.#leave([...this.#waiting]);
    this.#waiting.clear();
    for (const taker of this.#takers.splice(0)) this.next().then(taker.resolve, taker.reject);
  }

  next(): Promise<Step> {
    const [request] = this.#waiting;
    if (request) {
      this.#waiting.delete(request);
      return Promise.resolve({ done: false, value: request });
    }
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure) return Promise.reject(failure);
    if (this.#isOver) return Promise.resolve({ done: true, value: undefined });
    const taker = deferred<Step>();
    this.#takers.push(taker);
    return taker.promise;
  }

  return(): Promise<Step> {
    this.end();
    return this.next();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
