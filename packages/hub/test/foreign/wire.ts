// What a foreign device and a foreign service have in common: connection strings, signatures, requests, WebSockets.
// Written from docs/protocol.md alone, with `ws` and Node's own modules.
import { createHmac } from 'node:crypto';
import { type RequestOptions, request } from 'node:https';
import type { Socket } from 'node:net';
import { WebSocket } from 'ws';

const SIGNATURE_LIFE_S = 3_600;
const GUARD_MS = 5_000;

/** What a connection string says. */
export interface Identity {
  readonly host: string;
  readonly port: number;
  readonly ca: string | undefined;
  readonly key: string;
  readonly deviceId: string;
  readonly policy: string | undefined;
}

/** An answer of the hub that is no success. */
class HubError extends Error {
  readonly status: number;
  readonly code: string;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(status: number, body: string) {
    const { code, message, details } = parsed(body);
    super(`${status} ${code ?? ''}: ${message ?? 'not from a hub'}`);
    this.status = status;
    this.code = code ?? '';
    this.details = details ?? {};
  }
}

function parsed(body: string): { code?: string; message?: string; details?: Record<string, unknown> } {
  try {
    return JSON.parse(body) as object;
  } catch {
    return {};
  }
}

export function parseConnectionString(text: string): Identity {
  const fields = new Map(text.split(';').map((part) => [part.slice(0, part.indexOf('=')), part.slice(part.indexOf('=') + 1)]));
  const [host = '', port = '443'] = (fields.get('HostName') ?? '').split(':');
  const certificate = fields.get('CaCertificate');
  const ca = certificate && `-----BEGIN CERTIFICATE-----\n${certificate}\n-----END CERTIFICATE-----\n`;
  const [key = '', deviceId = ''] = [fields.get('SharedAccessKey'), fields.get('DeviceId')];
  return { host, port: Number(port), ca, key, deviceId, policy: fields.get('SharedAccessKeyName') };
}

/** The value of `Authorization`. */
export function sign({ host, key, deviceId, policy }: Identity): string {
  const sr = encodeURIComponent(policy === undefined ? `${host}/devices/${deviceId}` : host);
  const se = Math.floor(Date.now() / 1_000) + SIGNATURE_LIFE_S;
  const hmac = createHmac('sha256', Buffer.from(key, 'base64')).update(`${sr}\n${se}`).digest('base64');
  const skn = policy === undefined ? '' : `&skn=${encodeURIComponent(policy)}`;
  return `SharedAccessSignature sr=${sr}&sig=${encodeURIComponent(hmac)}&se=${se}${skn}`;
}

/** A REST call; rejects with a {@link HubError}. */
export function call(identity: Identity, method: string, path: string, timeoutMs: number, body?: object): Promise<Record<string, unknown>> {
  const { host, port, ca } = identity;
  const headers = { authorization: sign(identity), 'content-type': 'application/json' };
  const options: RequestOptions = { host, port, method, path, headers, ca, signal: AbortSignal.timeout(timeoutMs + GUARD_MS) };
  return new Promise((resolve, reject) => {
    const sent = request(options, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('error', reject).on('end', () => {
        const status = response.statusCode ?? 0;
        if (status >= 200 && status < 300) resolve(parsed(text) as Record<string, unknown>);
        else reject(new HubError(status, text));
      });
    });
    sent.on('error', reject).end(body && JSON.stringify(body));
  });
}

/** An open WebSocket, paused, and its socket. */
export interface Connection {
  readonly ws: WebSocket;
  readonly socket: Socket;
}

/** Where and how to dial. */
export interface Dial {
  readonly url: string;
  readonly protocol: string;
  readonly authorization: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly ca: string | undefined;
  readonly maxMessageBytes: number;
  readonly timeoutMs: number;
}

/** Waits for the 101; rejects with a {@link HubError}. */
export function dial({ url, protocol, authorization, headers, ca, maxMessageBytes, timeoutMs }: Dial): Promise<Connection> {
  const ws = new WebSocket(url, protocol, {
    ca,
    headers: { ...headers, authorization },
    perMessageDeflate: false,
    maxPayload: maxMessageBytes,
    handshakeTimeout: timeoutMs + GUARD_MS,
    // After close 1000 the far reader may need long.
    closeTimeout: 2 ** 31 - 1,
  } as ConstructorParameters<typeof WebSocket>[2]);
  return new Promise((resolve, reject) => {
    let socket: Socket | undefined;
    ws.once('upgrade', (response) => (socket = response.socket));
    ws.once('open', () => {
      ws.pause();
      resolve({ ws, socket: socket as Socket });
    });
    ws.on('unexpected-response', (_request, response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('end', () => reject(new HubError(response.statusCode ?? 0, text)));
    });
    ws.on('error', reject);
  });
}

/** A stream URL leads to the hub or to one of its streaming endpoints, or nowhere. */
export function checkStreamUrl(text: string, origins: readonly string[]): string {
  const url = new URL(text);
  const bare = url.username === '' && url.password === '' && url.hash === '';
  if (url.protocol !== 'wss:' || !bare || !origins.some((origin) => new URL(origin).host === url.host))
    throw new Error('untrusted stream URL');
  return text;
}
