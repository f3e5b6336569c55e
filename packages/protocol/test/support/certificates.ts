// Certificates for tests: a CA of one's own, and leaves that it has signed.
import { isIP } from 'node:net';
import { generate } from 'selfsigned';

/** Both in PEM. */
export interface KeyPair {
  readonly key: string;
  readonly cert: string;
}

/** What a leaf says; by default it is good for 127.0.0.1 and localhost, today. */
export interface LeafOptions {
  readonly hosts?: readonly string[];
  /** Without one it is its own. */
  readonly authority?: KeyPair;
  readonly notBefore?: Date;
  readonly notAfter?: Date;
}

/** selfsigned's defaults are RSA and SHA-1. */
const EC = { keyType: 'ec', algorithm: 'sha256' } as const;

/** A certificate authority. */
export async function createAuthority(name: string): Promise<KeyPair> {
  const made = await generate([{ name: 'commonName', value: name }], {
    ...EC,
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, critical: true },
    ],
  });
  return pemOf(made);
}

/** A server's certificate. */
export async function createLeaf(options: LeafOptions): Promise<KeyPair> {
  const hosts = options.hosts ?? ['127.0.0.1', 'localhost'];
  const made = await generate([{ name: 'commonName', value: 'a hub' }], {
    ...EC,
    ...(options.authority && { ca: { ...options.authority } }),
    ...(options.notBefore && { notBeforeDate: options.notBefore }),
    ...(options.notAfter && { notAfterDate: options.notAfter }),
    extensions: [
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      { name: 'subjectAltName', altNames: hosts.map((host) => (isIP(host) ? { type: 7, ip: host } : { type: 2, value: host })) },
    ],
  });
  return pemOf(made);
}

/** selfsigned leaves out the line feed at the end. */
function pemOf(made: { readonly private: string; readonly cert: string }): KeyPair {
  return { key: made.private, cert: `${made.cert.trimEnd()}\n` };
}
