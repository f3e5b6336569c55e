// REST calls to a test hub, signed or not, without the SDK in between.
import { request } from 'node:https';
import { parseServiceConnectionString, Signer, systemClock } from '@streams/protocol/internal';
import type { TestHub } from '@streams/hub/testing';

/** A hub in this process or in another. */
export type ReachableHub = Pick<TestHub, 'port' | 'deviceConnectionString' | 'serviceConnectionString'>;

export interface RestAnswer {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: Record<string, unknown>;
}

export interface RestOptions {
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

/** The `Authorization` value of the hub's policy `test`, or another. */
export async function authorization(test: ReachableHub, policy = 'test'): Promise<string> {
  const credentials = parseServiceConnectionString(await test.serviceConnectionString(policy));
  return new Signer({ resource: credentials.hostName, policy, key: credentials.key }, systemClock).authorization();
}

/** Sends a request as it is. */
export async function send(
  test: ReachableHub,
  method: string,
  path: string,
  { body, headers = {} }: RestOptions = {},
): Promise<RestAnswer> {
  const { caCertificate: ca } = parseServiceConnectionString(await test.serviceConnectionString());
  return new Promise((resolve, reject) => {
    const call = request({ host: '127.0.0.1', port: test.port, method, path, headers, ca: ca ?? [], agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text === '' ? {} : JSON.parse(text) });
      });
    });
    call.on('error', reject);
    call.end(typeof body === 'string' || body === undefined ? body : JSON.stringify(body));
  });
}

/** Sends a request as the policy `test`. */
export async function call(test: ReachableHub, method: string, path: string, options: RestOptions = {}): Promise<RestAnswer> {
  return send(test, method, path, { ...options, headers: { authorization: await authorization(test), ...options.headers } });
}
