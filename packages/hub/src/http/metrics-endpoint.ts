// `/metrics`: open to who asks from the hub's own machine, else for credentials with `hub:read`.
import type { IncomingMessage } from 'node:http';
import { requirePermission } from '../auth/authorize.ts';
import type { Identity } from '../auth/authenticate.ts';
import type { Metrics } from '../diagnostics/metrics.ts';
import { isLocalRequest } from './guard.ts';
import type { Answer } from './routes.ts';

/** See the top of this file. */
export class MetricsEndpoint {
  readonly #metrics: Metrics;
  readonly #hostNames: ReadonlySet<string>;
  readonly #openOnLoopback: boolean;

  constructor(metrics: Metrics, hostNames: ReadonlySet<string>, openOnLoopback = true) {
    this.#metrics = metrics;
    this.#hostNames = hostNames;
    this.#openOnLoopback = openOnLoopback;
  }

  /** True for a request that is to be answered here. */
  handles({ method, url }: IncomingMessage): boolean {
    return (method === 'GET' || method === 'HEAD') && url?.split('?', 1)[0] === '/metrics';
  }

  /** True for a request that needs no credential. */
  isOpenTo(request: IncomingMessage): boolean {
    return this.#openOnLoopback && isLocalRequest(request, this.#hostNames);
  }

  /** @param identity Who asks, where it is not open. @throws `STREAMS_FORBIDDEN` */
  async answer(identity?: Identity): Promise<Answer> {
    if (identity) requirePermission(identity, 'hub:read');
    return { status: 200, text: { type: this.#metrics.contentType, content: await this.#metrics.text() } };
  }
}
