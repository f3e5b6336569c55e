// An issuer of JSON Web Tokens: keys, tokens right and wrong, and the server that publishes the keys.
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose';

export const ISSUER = 'https://issuer.example/';
export const AUDIENCE = 'streams';

/** A key pair under an id. */
export interface IssuerKey {
  readonly kid: string;
  readonly alg: string;
  readonly privateKey: Awaited<ReturnType<typeof generateKeyPair>>['privateKey'];
  /** As it is published. */
  readonly jwk: JWK;
}

export async function issuerKey(kid: string, alg = 'ES256'): Promise<IssuerKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { kid, alg, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } };
}

export function jwksOf(...keys: readonly IssuerKey[]): string {
  return JSON.stringify({ keys: keys.map(({ jwk }) => jwk) });
}

/** A token that a hub takes, but for what `claims` and `header` change; `undefined` leaves a claim out. @param nowMs Of the hub. */
export async function tokenOf(
  { kid, alg, privateKey }: IssuerKey,
  nowMs: number,
  claims: JWTPayload = {},
  header: object = {},
): Promise<string> {
  const nowS = Math.floor(nowMs / 1_000);
  const all = { iss: ISSUER, aud: AUDIENCE, sub: 'ada', iat: nowS, exp: nowS + 300, roles: ['operator'], ...claims };
  return new SignJWT(all).setProtectedHeader({ alg, kid, ...header }).sign(privateKey);
}

/** A server on loopback that answers as it is told; its URL and how often it was asked. */
export async function keyServer(answer: RequestListener): Promise<{ url: string; server: Server; asked: () => number }> {
  let asked = 0;
  const server = createServer((request, response) => {
    asked += 1;
    answer(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`, server, asked: () => asked };
}

/** Ends the server, and whoever still waits for it. */
export async function stopServer(server: Server): Promise<void> {
  server.close();
  server.closeAllConnections();
  if (server.listening) await once(server, 'close');
}
