// The hub's front door: every request and upgrade is looked over, authenticated, routed, and answered, whatever happens.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type Clock, createError, type Logger, newId, type Random } from '@streams/protocol/internal';
import type { Authenticator, Identity } from '../auth/authenticate.ts';
import { errorAnswer, refuseUpgrade, sendJson, toStreamsError } from './errors.ts';
import { guardRequest } from './guard.ts';
import { health } from './health.ts';
import { type Answer, findRoute, readBody, type Route } from './routes.ts';
import { isUpgradePath, type Upgrades } from './upgrade.ts';

/** What stands behind the door. */
export interface FrontContext {
  readonly hostNames: ReadonlySet<string>;
  readonly authenticator: Authenticator;
  readonly routes: readonly Route[];
  readonly upgrades: Upgrades;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly random: Random;
  /** False once the hub drains. */
  readonly isReady: () => boolean;
}

/** See the top of this file. */
export class Front {
  readonly #context: FrontContext;

  constructor(context: FrontContext) {
    this.#context = context;
  }

  /** Answers a request. */
  async onRequest(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const trackingId = newId(this.#context.random);
    const { status, body } = await this.#answerOrError(request, response, trackingId);
    sendJson(response, status, body, this.#context.isReady());
  }

  /** Grants, holds or refuses an upgrade. */
  async onUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const { hostNames, upgrades, logger, clock, random, isReady } = this.#context;
    const trackingId = newId(random);
    socket.on('error', () => socket.destroy());
    try {
      const authorization = guardRequest(request, hostNames);
      if (!isReady()) throw createError('DRAINING');
      await upgrades.handle(request, socket as Socket, head, authorization, trackingId);
    } catch (thrown) {
      refuseUpgrade(socket, toStreamsError(thrown, trackingId, logger), trackingId, clock.wallMs());
    }
  }

  /**
   * Who sends the request.
   * @throws `STREAMS_UNAUTHENTICATED`, the same whatever is wrong; the log alone says what.
   */
  async authenticate(authorization: string | undefined, trackingId: string): Promise<Identity> {
    const identity = await this.#context.authenticator.authenticate(authorization);
    if (typeof identity !== 'string') return identity;
    this.#context.logger.warn({ trackingId, cause: identity }, 'a credential was refused');
    throw createError('UNAUTHENTICATED');
  }

  async #answerOrError(request: IncomingMessage, response: ServerResponse, trackingId: string): Promise<Answer> {
    try {
      const healthy = health(request.method, request.url, this.#context.isReady());
      return healthy ?? (await this.#answer(request, response, trackingId));
    } catch (thrown) {
      return errorAnswer(toStreamsError(thrown, trackingId, this.#context.logger), trackingId);
    }
  }

  async #answer(request: IncomingMessage, response: ServerResponse, trackingId: string): Promise<Answer> {
    const { hostNames, routes } = this.#context;
    const authorization = guardRequest(request, hostNames);
    const target = request.url ?? '';
    if (request.method === 'GET' && isUpgradePath(target)) throw createError('UPGRADE_REQUIRED');
    const identity = await this.authenticate(authorization, trackingId);
    const { route, params } = findRoute(routes, request.method ?? '', target);
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    return route.handle({ identity, params, trackingId, headers: request.headers, signal: gone.signal, body: () => readBody(request) });
  }
}
