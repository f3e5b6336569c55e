// The bench of the dialler's tests: certificates, TLS servers that are always closed, options, and a leak check at the end.
import type { Socket } from 'node:net';
import { FakeClock, leakCheck } from '@streams/testkit';
import { expect, onTestFinished } from 'vitest';
import { dial, type DialOptions } from '../../src/net/dial.ts';
import { createTrust } from '../../src/net/trust.ts';
import { createAuthority, createLeaf, type KeyPair } from './certificates.ts';
import { type OnUpgrade, responseOf, switchingProtocols, TlsServer } from './tls-server.ts';

/** The subprotocol that is asked for. */
export const PROTOCOL = 'streams.v1';

const pending = createAuthority('the CA of the tests');
const leaf = pending.then((authority) => createLeaf({ authority }));

/** The CA that the dialler trusts. */
export function authority(): Promise<KeyPair> {
  return pending;
}

/** Dials from one test; afterwards nothing may be left open. */
export class Dialling {
  readonly clock: FakeClock = new FakeClock();
  readonly #check = leakCheck();
  readonly #servers: TlsServer[] = [];

  constructor() {
    onTestFinished(async () => {
      await Promise.all(this.#servers.map((server) => server.close()));
      await this.#check.settled();
      expect(this.clock.pendingTimers).toBe(0);
    });
  }

  /** A server with a certificate that the dialler trusts, or with another one. */
  async serve(onUpgrade: OnUpgrade, keyPair?: KeyPair): Promise<TlsServer> {
    const server = await TlsServer.listen(keyPair ?? (await leaf), onUpgrade);
    this.#servers.push(server);
    return server;
  }

  /** Options for `port`, of which some may be others. */
  async options(port: number, other: Partial<DialOptions> = {}): Promise<DialOptions> {
    return {
      url: new URL(`wss://127.0.0.1:${port}/v1/streams/x/device?a=b`),
      protocol: PROTOCOL,
      authorization: 'Bearer token',
      trust: createTrust({ ca: (await pending).cert, env: {} }),
      proxyFor: () => undefined,
      clock: this.clock,
      maxMessageBytes: 262_144,
      timeoutMs: 35_000,
      phase: 'service-leg',
      ...other,
    };
  }

  async dial(port: number, other: Partial<DialOptions> = {}): ReturnType<typeof dial> {
    return await dial(await this.options(port, other));
  }
}

/** Answers every upgrade with a response. */
export function answering(...response: Parameters<typeof responseOf>): OnUpgrade {
  return (_request, socket) => void socket.end(responseOf(...response));
}

/** Grants every upgrade, with more headers or other ones, and with bytes behind the head. */
export function granting(
  headers: Readonly<Record<string, string>> = { 'Sec-WebSocket-Protocol': PROTOCOL },
  rest: Uint8Array = Buffer.alloc(0),
): OnUpgrade {
  return (request, socket) => void socket.write(Buffer.concat([Buffer.from(switchingProtocols(request, headers)), rest]));
}

/** Resolves once `socket` is gone. */
export function gone(socket: Pick<Socket, 'destroyed' | 'once'>): Promise<void> {
  return new Promise((resolve) => {
    if (socket.destroyed) resolve();
    else socket.once('close', () => resolve());
  });
}
