// Under which names and URLs clients reach the hub: from the configuration and the ports, never from a `Host` header.
import { createError, type HubAddress, type HubView, parseHost, VERSION, type WelcomeMessage } from '@streams/protocol/internal';
import type { HubOptions } from './schema.ts';

/** The ports of a hub; the same one twice where it serves both endpoints. */
export interface Ports {
  readonly main: number;
  readonly streaming: number;
}

interface Urls {
  readonly main: string;
  readonly streaming: string;
}

/** See the top of this file. */
export class Addresses {
  /** What a `Host` header may say, and what the certificate is for. */
  readonly hostNames: ReadonlySet<string>;
  readonly #options: HubOptions;
  readonly #startedAt: string;
  #urls: Urls | undefined;
  #origins: ReadonlySet<string> = new Set();

  /** @param wallMs The time of the hub's start. */
  constructor(options: HubOptions, wallMs: number) {
    const { hostNames, publicUrl, streamingUrl, tls } = options;
    const urls = [publicUrl, streamingUrl].filter((url) => url !== undefined);
    this.#options = options;
    this.#startedAt = new Date(wallMs).toISOString();
    this.hostNames = new Set([...hostNames.map((name) => name.toLowerCase()), ...urls.map((url) => new URL(url).hostname)]);
    // Where others end TLS, no port of the hub's is in any URL.
    if (tls === false && publicUrl !== undefined) this.#settle(urlsOf(publicUrl, streamingUrl ?? publicUrl), []);
  }

  /**
   * Sees to it that legs will find their port.
   * @throws `STREAMS_INVALID_ARGUMENT` if only `streamingUrl` could say where that is.
   */
  checkPorts(main: number, streaming: number | undefined): void {
    const { tls, streamingUrl } = this.#options;
    if (streaming === undefined || streamingUrl !== undefined) return;
    // The same port is one of another address, hence another name.
    if (tls !== false && (streaming !== main || main === 0)) return;
    throw createError('INVALID_ARGUMENT', {
      message: 'listen: streamingUrl: is needed for a streaming endpoint with tls: false, or with the port of the main endpoint',
      details: { field: 'streamingUrl' },
    });
  }

  /** Takes the ports into the URLs that are not configured. */
  listensOn({ main, streaming }: Ports): void {
    const { hostNames, publicUrl, streamingUrl, tls } = this.#options;
    const mainUrl = publicUrl ?? `https://${hostNames[0]}:${main}`;
    const besides = streaming === main ? mainUrl : `https://${new URL(mainUrl).hostname}:${streaming}`;
    this.#settle(urlsOf(mainUrl, streamingUrl ?? besides), tls === false ? [] : hostNames.map((name) => `https://${name}:${main}`));
  }

  /** `https://host[:port]` of the pages that the hub serves: its main endpoint, under each of its names. */
  get pageOrigins(): ReadonlySet<string> {
    return this.#origins;
  }

  /** `https://host[:port]` of both endpoints. @throws `STREAMS_INVALID_STATE` before they are known. */
  urls(): Urls {
    if (this.#urls === undefined) throw createError('INVALID_STATE', { message: 'the hub does not listen yet' });
    return this.#urls;
  }

  /** What a hub tells of itself. */
  view(): HubView {
    const { main, streaming } = this.urls();
    return { hostName: new URL(main).host, streamingEndpoints: [streaming], version: VERSION, startedAt: this.#startedAt };
  }

  /** The first message on a control link. */
  welcome(wallMs: number): WelcomeMessage {
    const { main, streaming } = this.urls();
    const hub = { name: new URL(main).hostname, version: VERSION };
    return { type: 'welcome', hub, streamingEndpoints: [streaming], timeMs: Math.floor(wallMs), capabilities: [] };
  }

  /** The main endpoint as connection strings name it. @throws `STREAMS_INVALID_STATE`, `STREAMS_INVALID_ARGUMENT` */
  hubAddress(): Pick<HubAddress, 'hostName' | 'port'> {
    const host = parseHost(new URL(this.urls().main).host);
    if (!host) throw createError('INVALID_ARGUMENT', { message: 'publicUrl: has no usable host name' });
    return host;
  }

  /** @param others Under which the main endpoint is reached besides. */
  #settle(urls: Urls, others: readonly string[]): void {
    this.#urls = urls;
    this.#origins = new Set([urls.main, ...others].map((url) => new URL(url).origin));
  }
}

function urlsOf(main: string, streaming: string): Urls {
  return { main: new URL(main).origin, streaming: new URL(streaming).origin };
}
