// A hub without TLS, since what is tried stands behind it, with raw connections; and that it has never failed inside.
import { randomBytes } from 'node:crypto';
import { createHub, type Hub } from '@streams/hub';
import { ERRORS, parseServiceConnectionString, Signer, systemClock } from '@streams/protocol/internal';
import { RawPeer } from '@streams/testkit';
import { expect } from 'vitest';

const HOST = '127.0.0.1';

/** See the top of this file. */
export class PlainHub {
  readonly hub: Hub;
  readonly port: number;
  /** The `Authorization` value of a policy that may do everything. */
  readonly authorization: string;
  readonly #failures: string[];

  private constructor(hub: Hub, port: number, authorization: string, failures: string[]) {
    this.hub = hub;
    this.port = port;
    this.authorization = authorization;
    this.#failures = failures;
  }

  static async start(): Promise<PlainHub> {
    const failures: string[] = [];
    const ignore = (): void => undefined;
    const hub = createHub({
      hostNames: [HOST],
      tls: false,
      publicUrl: `https://${HOST}`,
      policies: [
        {
          name: 'test',
          keys: [randomBytes(32).toString('base64')],
          permissions: ['stream:create', 'device:read', 'device:write', 'hub:read', 'hub:write'],
        },
      ],
      limits: { maxFailedLoginsPerAddress: false },
      logger: {
        info: ignore,
        warn: ignore,
        error: (fields, message) => void failures.push(`${message}: ${String((fields as { err?: unknown }).err)}`),
      },
    });
    const { port } = await hub.listen({ port: 0, host: HOST });
    const { hostName, policy, key } = parseServiceConnectionString(await hub.connectionString({ policy: 'test' }));
    const authorization = new Signer({ resource: hostName, policy, key }, systemClock).authorization();
    return new PlainHub(hub, port, authorization, failures);
  }

  connect(): Promise<RawPeer> {
    return RawPeer.connect({ port: this.port });
  }

  /** A whole request as the policy. */
  request(method: string, path: string, body = ''): string {
    const length = body === '' ? '' : `Content-Length: ${Buffer.byteLength(body)}\r\n`;
    return `${method} ${path} HTTP/1.1\r\nHost: ${HOST}\r\nAuthorization: ${this.authorization}\r\n${length}\r\n${body}`;
  }

  /** It lives, and has nowhere run into an error that is none of its own. */
  async expectWell(): Promise<void> {
    expect(this.#failures).toEqual([]);
    const peer = await this.connect();
    peer.write(`GET /healthz HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
    expect((await peer.readHead()).status).toBe(200);
    peer.destroy();
  }
}

/** One answer of the hub. */
export interface HttpAnswer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

/** Reads one answer, and sees that an error is one of the table, with its status. */
export async function readAnswer(peer: RawPeer): Promise<HttpAnswer> {
  const { status, headers } = await peer.readHead();
  const text = (await peer.readBytes(Number(headers['content-length'] ?? 0))).toString();
  const isJson = headers['content-type'] === 'application/json';
  const body = (isJson ? JSON.parse(text) : {}) as Record<string, unknown>;
  const code = body['code'] as keyof typeof ERRORS | undefined;
  if (isJson && status >= 400) expect(ERRORS[code as keyof typeof ERRORS]?.httpStatus, String(code)).toBe(status);
  expect(status, text).toBeLessThan(500);
  return { status, body };
}
