// Whether a key and a certificate can serve, and if not why, in words for the operator. None of them shows what is in the key.
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import type { KeyPair } from '../http/server.ts';

/** What is wrong, and with which of the two. */
export interface PairProblem {
  readonly part: keyof KeyPair;
  readonly problem: string;
  readonly cause?: unknown;
}

/** @returns `undefined` for a pair that can serve at `nowMs`. */
export function problemOf({ key, cert }: KeyPair, nowMs: number): PairProblem | undefined {
  const certificate = parsed(() => new X509Certificate(cert));
  if (!certificate) return { part: 'cert', problem: 'expected a certificate in PEM' };
  const privateKey = parsed(() => createPrivateKey(key));
  if (!privateKey) return { part: 'key', problem: 'expected a private key in PEM, without a passphrase' };
  if (!certificate.checkPrivateKey(privateKey)) return { part: 'key', problem: 'the key does not belong to the certificate' };
  if (Date.parse(certificate.validTo) <= nowMs) return { part: 'cert', problem: `the certificate expired on ${certificate.validTo}` };
  try {
    createSecureContext({ key, cert }); // reads the rest of the chain, and may find the key too weak
  } catch (cause) {
    return { part: 'cert', problem: `TLS cannot use it: ${(cause as Error).message}`, cause };
  }
  return undefined;
}

/** The first certificate of a text in PEM; `undefined` where there is none. */
export function certificateOf(text: string): string | undefined {
  return parsed(() => new X509Certificate(text))?.toString();
}

function parsed<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch {
    return undefined;
  }
}
