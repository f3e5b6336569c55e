// Whom a client trusts as the hub: a pinned CA alone, a file of roots, or Node's own (design section 5).
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext, type SecureContext } from 'node:tls';
import { createError } from '../errors/kinds.ts';

/** What decides about trust, strongest first. */
export interface TrustOptions {
  /** CA certificates in PEM, such as the one of a connection string; they replace all other roots. */
  readonly ca?: string | readonly string[] | undefined;
  /** Environment, for `STREAMS_CA_FILE`. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
}

/** Whom a client trusts. */
export interface Trust {
  readonly context: SecureContext;
  /** Who chose the roots: the client's maker (a connection string, the option `ca`), `STREAMS_CA_FILE`, or Node. */
  readonly source: 'pinned' | 'file' | 'node';
  /** The last TLS session with each `host:port` that was trusted: the next connection resumes it, which spares both ends a signature. */
  readonly sessions: Map<string, Buffer>;
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/**
 * One cached secure context per client.
 * @throws `STREAMS_INVALID_ARGUMENT` for what is no certificate: OpenSSL would pass over it, and trust something else or nothing.
 */
export function createTrust(options: TrustOptions): Trust {
  const file = (options.env ?? process.env)['STREAMS_CA_FILE'];
  const sessions: Trust['sessions'] = new Map();
  if (options.ca !== undefined) return { context: contextOf('ca', [options.ca].flat()), source: 'pinned', sessions };
  if (file) return { context: contextOf('STREAMS_CA_FILE', [read(file)]), source: 'file', sessions };
  // Without `ca` Node uses its own roots and those of NODE_EXTRA_CA_CERTS.
  return { context: createSecureContext({ minVersion: 'TLSv1.2' }), source: 'node', sessions };
}

function contextOf(field: string, texts: readonly string[]): SecureContext {
  const invalid = (cause?: unknown): never => {
    throw createError('INVALID_ARGUMENT', { message: `${field}: expected CA certificates in PEM`, details: { field }, cause });
  };
  const certificates = texts.map((text) => String(text).match(CERTIFICATE) ?? invalid()).flat();
  if (certificates.length === 0) invalid();
  try {
    return createSecureContext({
      minVersion: 'TLSv1.2',
      ca: certificates.map((certificate) => new X509Certificate(certificate).toString()),
    });
  } catch (cause) {
    return invalid(cause);
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw createError('INVALID_ARGUMENT', {
      message: `STREAMS_CA_FILE: cannot read ${path}`,
      details: { field: 'STREAMS_CA_FILE' },
      cause,
    });
  }
}
