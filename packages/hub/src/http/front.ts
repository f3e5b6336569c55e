// The hub's front door: every request and upgrade is looked over, authenticated, routed, and answered, whatever happens.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type Clock, createError, type Fields, type Logger, newId, type Random, type StreamsError } from '@streams/protocol/internal';
import type { Authenticator, Identity } from '../auth/authenticate.ts';
import type { Penalties } from '../auth/penalties.ts';
import type { HubObserver } from '../diagnostics/observer.ts';
import { drainRetryMs } from '../drain.ts';
import type { Portal } from '../portal.ts';
import type { Admission } from './admission.ts';
import { errorAnswer, refuseUpgrade, sendBody, setCommonHeaders, toStreamsError } from './errors.ts';
import { type Caller, guardRequest, type GuardRules } from './guard.ts';
import { health } from './health.ts';
import { longBody } from './long-requests.ts';
import type { MetricsEndpoint } from './metrics-endpoint.ts';
import { type Answer, findRoute, queryOf, readBody, type Route } from './routes.ts';
import { sendLines } from './send-lines.ts';
import type { ServerHandlers } from './server.ts';
import { type Endpoint, upgradeEndpoint, type Upgrades } from './upgrade.ts';

const OTHER_ENDPOINT = "this is another of the hub's endpoints: legs go to the streaming one, all else to the main one";

/** What stands behind the door. */
export interface FrontContext extends GuardRules {
  readonly authenticator: Authenticator;
  readonly penalties: Penalties;
  readonly admission: Admission;
  readonly routes: readonly Route[];
  readonly metrics: MetricsEndpoint;
  readonly upgrades: Upgrades;
  /** `undefined`: the hub has no pages, and no page may ask it. */
  readonly portal: Portal | undefined;
  /** The origins of the hub's own pages. */
  readonly pageOrigins: () => ReadonlySet<string>;
  readonly logger: Logger;
  readonly observer: HubObserver;
  readonly clock: Clock;
  readonly random: Random;
  /** False once the hub drains: no new links. */
  readonly isReady: () => boolean;
  /** True once it takes nothing at all. */
  readonly isClosed: () => boolean;
}

/** See the top of this file. */
export class Front {
  readonly #context: FrontContext;
  readonly #upgraded = new Set<Duplex>();

  constructor(context: FrontContext) {
    this.#context = context;
  }

  /** What a server calls. @param only The one endpoint that it is; `undefined`: both. */
  handlers(only?: Endpoint): ServerHandlers {
    return {
      onDrop: () => this.#context.observer.limitReached('connections'),
      onRequest: (request, response) => void this.#onRequest(request, response, only),
      onUpgrade: (request, socket, head) => void this.#onUpgrade(request, socket, head, only),
    };
  }

  /** True for a path that is the hub's, whatever comes of it. */
  handles(target: string): boolean {
    const [, version, kind] = (target.split('?', 1)[0] ?? '').split('/');
    return this.#context.portal?.handles(target) || this.#context.routes.some(({ path }) => path[0] === version && path[1] === kind);
  }

  /** Resolves once every upgraded connection is gone; those that stay are cut when `after` says so. */
  async close(after: (cut: () => void) => () => void): Promise<void> {
    const stopWaiting = after(() => {
      for (const socket of this.#upgraded) socket.destroy();
    });
    await Promise.all([...this.#upgraded].map((socket) => new Promise((resolve) => socket.once('close', resolve))));
    stopWaiting();
  }

  /**
   * Who sends the request.
   * @throws `STREAMS_UNAUTHENTICATED`, the same whatever is wrong; the log alone says what. `STREAMS_TOO_MANY_FAILED_LOGINS`
   */
  async authenticate({ authorization, trackingId, address, source }: Caller): Promise<Identity> {
    const { authenticator, penalties, logger, observer } = this.#context;
    const blockedMs = penalties.blockedMs(source);
    if (blockedMs > 0) throw this.#blocked(blockedMs);
    const identity = await authenticator.authenticate(authorization);
    if (typeof identity !== 'string') return identity;
    penalties.failed(source, identity);
    logger.warn({ trackingId, address, cause: identity }, 'a credential was refused');
    observer.credentialRefused(identity);
    throw createError('UNAUTHENTICATED');
  }

  async #onRequest(request: IncomingMessage, response: ServerResponse, only: Endpoint | undefined): Promise<void> {
    const trackingId = newId(this.#context.random);
    const answer = await this.#answerOrError(request, response, trackingId, only);
    const { logger, isReady, clock, observer } = this.#context;
    observer.answered(answer.status);
    if (response.headersSent || response.destroyed) return;
    setCommonHeaders(response, answer, isReady(), clock.wallMs());
    if (answer.send) return answer.send(response);
    if (!answer.lines) return sendBody(response, answer);
    await sendLines(response, answer.status, answer.lines).catch((err: unknown) => {
      logger.error({ err, trackingId }, 'an answer was cut: the hub failed while it was being sent');
    });
  }

  #blocked(retryAfterMs: number): StreamsError {
    const limit = 'maxFailedLoginsPerAddress';
    this.#context.observer.limitReached(limit);
    return createError('TOO_MANY_FAILED_LOGINS', { retryAfterMs: Math.ceil(retryAfterMs), details: { limit } });
  }

  #draining(): StreamsError {
    return createError('DRAINING', { retryAfterMs: drainRetryMs(this.#context.random) });
  }

  /** Grants, holds or refuses an upgrade. */
  async #onUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer, only: Endpoint | undefined): Promise<void> {
    const { upgrades, admission, logger, observer, clock, random, isReady, isClosed } = this.#context;
    const trackingId = newId(random);
    socket.on('error', () => socket.destroy());
    this.#upgraded.add(socket);
    socket.once('close', () => this.#upgraded.delete(socket));
    try {
      const caller = guardRequest(request, trackingId, this.#context);
      admission.checkUpgrade(socket, caller.source);
      const endpoint = upgradeEndpoint(request.url ?? '');
      if (endpoint === undefined) throw createError('NOT_FOUND');
      if (only !== undefined && only !== endpoint) throw createError('NOT_FOUND', { message: OTHER_ENDPOINT });
      // Legs come until the end: they belong to handshakes that run.
      if (endpoint === 'main' ? !isReady() : isClosed()) throw this.#draining();
      await upgrades.handle(request, socket as Socket, head, caller);
      admission.authenticated(socket);
    } catch (thrown) {
      observer.answered(refuseUpgrade(socket, toStreamsError(thrown, trackingId, logger), trackingId, clock.wallMs()));
    }
  }

  async #answerOrError(
    request: IncomingMessage,
    response: ServerResponse,
    trackingId: string,
    only: Endpoint | undefined,
  ): Promise<Answer> {
    try {
      const healthy = health(request.method, request.url, this.#context.isReady());
      return healthy ?? (await this.#answer(request, response, trackingId, only));
    } catch (thrown) {
      return errorAnswer(toStreamsError(thrown, trackingId, this.#context.logger), trackingId);
    }
  }

  async #answer(request: IncomingMessage, response: ServerResponse, trackingId: string, only: Endpoint | undefined): Promise<Answer> {
    const { metrics, admission, portal, pageOrigins } = this.#context;
    const isForMetrics = only !== 'streaming' && metrics.handles(request);
    if (isForMetrics && metrics.isOpenTo(request)) return metrics.answer();
    const guarded = guardRequest(request, trackingId, this.#context, portal && pageOrigins());
    admission.check(request.socket);
    // Its own failures end this connection; those of others at its address are not its own.
    const caller = admission.isKnown(request.socket) ? { ...guarded, source: undefined } : guarded;
    const target = request.url ?? '';
    const endpoint = upgradeEndpoint(target);
    if (only !== undefined && only !== (endpoint ?? 'main')) throw createError('NOT_FOUND', { message: OTHER_ENDPOINT });
    if (request.method === 'GET' && endpoint) throw createError('UPGRADE_REQUIRED');
    if (this.#context.isClosed()) throw this.#draining();
    if (portal?.handles(target)) return portal.answer(request);
    const identity = await this.authenticate(caller);
    admission.authenticated(request.socket);
    if (isForMetrics) return metrics.answer(identity);
    const { route, params } = findRoute(this.#context.routes, request.method ?? '', target);
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const { headers } = request;
    const query = queryOf(target);
    const { address } = caller;
    const body = (): Promise<Fields> => readBody(request);
    const chunks = (): AsyncIterable<Buffer> => longBody(request, response);
    return route.handle({ identity, params, query, trackingId, address, headers, signal: gone.signal, body, chunks });
  }
}
