// Gives a session a new leg whenever it wants one: a stream request that resumes it, repeated until one succeeds or none can.
import {
  type Cancel,
  createError,
  type Leg,
  REDIAL_BASE_MS,
  REDIAL_CAP_MS,
  REDIAL_TIMEOUT_MS,
  type Session,
  SESSION_PROTOCOL,
  StreamsError,
  traceHandshake,
} from '@streams/protocol/internal';
import { handshakeOf, type OpenContext, shakeHands, type Wanted } from './handshake.ts';

/**
 * Refusals that no repetition mends, and what the session ends with. A device that asks its application does not know the session,
 * whatever that answers.
 */
const FINAL = {
  STREAMS_SESSION_LOST: 'RESUME_IMPOSSIBLE',
  STREAMS_PROTOCOL_MISMATCH: 'RESUME_IMPOSSIBLE',
  STREAMS_STREAM_REJECTED: 'RESUME_IMPOSSIBLE',
  STREAMS_NO_HANDLER: 'RESUME_IMPOSSIBLE',
  STREAMS_HANDLER_FAILED: 'RESUME_IMPOSSIBLE',
  STREAMS_DEVICE_NOT_FOUND: 'ENDED',
  STREAMS_STREAM_EXPIRED: 'ENDED',
  STREAMS_FORBIDDEN: 'REVOKED',
  STREAMS_UNAUTHENTICATED: 'REVOKED',
} as const;

/** Keeps a session that has its first leg: from now on it gets each that it wants. @param target What it was opened with. */
export function keepSession(context: OpenContext, session: Session, target: Wanted): Redial {
  context.sessions.add(session, undefined);
  return new Redial(context, session, target);
}

/** See the file's head. */
export class Redial {
  readonly #context: OpenContext;
  readonly #session: Session;
  readonly #target: Wanted;
  /** Attempts in a row. A leg that was lost and has come again, or a while without any attempt, begins anew. */
  #setbacks = 0;
  /** When the last attempt was over. */
  #triedAtMs = Number.NEGATIVE_INFINITY;
  /** The other side has asked for a leg, while the present one stands. */
  #isMoving = false;
  #wait: Cancel | undefined;
  /** The attempt that runs. */
  #running: { readonly abort: AbortController; readonly over: Promise<void> } | undefined;

  constructor(context: OpenContext, session: Session, target: Wanted) {
    this.#context = context;
    this.#session = session;
    this.#target = target;
    session.on('wanted', () => this.#schedule());
    session.on('drain', () => {
      this.#isMoving = true;
      this.#schedule();
    });
    session.on('resumed', () => {
      this.#setbacks = 0;
      this.#stop();
    });
    // A device that asks for leg after leg, each of which it could do without, waits for the later ones.
    session.on('moved', () => this.#stop());
    session.once('released', () => this.#stop());
  }

  /** Makes an attempt now, or joins the one that runs; resolves with a leg that is to prove itself. @throws what the attempt has failed with. */
  attempt(): Promise<void> {
    this.#wait?.();
    this.#wait = undefined;
    if (this.#running === undefined) {
      const abort = new AbortController();
      this.#running = { abort, over: this.#dial(abort.signal) };
    }
    return this.#running.over;
  }

  #schedule(retryAfterMs = 0): void {
    if (this.#wait || this.#running) return;
    const { clock, random } = this.#context;
    if (clock.monotonicMs() - this.#triedAtMs > REDIAL_CAP_MS) this.#setbacks = 0;
    const backoffMs = this.#setbacks === 0 ? 0 : random.uniform() * Math.min(REDIAL_CAP_MS, REDIAL_BASE_MS * 2 ** this.#setbacks);
    // Who only tries again is told by the session.
    const attempt = (): void => void this.attempt().catch(() => undefined);
    const delayMs = Math.max(retryAfterMs, backoffMs);
    if (delayMs === 0) attempt();
    else this.#wait = clock.after(delayMs, attempt);
  }

  async #dial(signal: AbortSignal): Promise<void> {
    this.#setbacks += 1;
    const { sessions, logger } = this.#context;
    const { id: sessionId } = this.#session;
    const { deviceId } = this.#target;
    try {
      const leg = await this.#ask(signal).finally(() => {
        // Whoever has stopped it may have begun another.
        if (!signal.aborted) this.#running = undefined;
        this.#triedAtMs = this.#context.clock.monotonicMs();
      });
      this.#isMoving = false;
      logger.debug({ deviceId, sessionId }, 'a session has a new leg');
      this.#session.attach(sessions.keep(leg));
    } catch (err) {
      logger.debug({ deviceId, sessionId, err }, 'a session got no new leg');
      if (!signal.aborted) this.#onRefused(err);
      throw err;
    }
  }

  async #ask(signal: AbortSignal): Promise<Leg> {
    const { resumes } = this.#session.stats();
    const resuming = { resumes: this.#session.id, resumeCount: resumes + 1, protocols: [SESSION_PROTOCOL], timeoutMs: REDIAL_TIMEOUT_MS };
    const body = { ...this.#target.body, ...resuming };
    const handshake = handshakeOf({ ...this.#target, body });
    const { leg } = await traceHandshake(handshake, () => shakeHands(this.#context, handshake, body, signal));
    return leg;
  }

  #onRefused(error: unknown): void {
    const { state } = this.#session;
    const failure = StreamsError.is(error) ? FINAL[error.code as keyof typeof FINAL] : undefined;
    if (failure && state === 'suspended') return this.#session.fail(failure, (error as StreamsError).message);
    // Of a clean end that the other side may not know nobody waits for the confirmation.
    const isWanted = state === 'suspended' || (state === 'open' && this.#isMoving && failure === undefined);
    if (isWanted) this.#schedule(StreamsError.is(error) ? error.retryAfterMs : 0);
  }

  #stop(): void {
    this.#wait?.();
    this.#wait = undefined;
    this.#running?.abort.abort(createError('CLOSED'));
    this.#running = undefined;
  }
}
