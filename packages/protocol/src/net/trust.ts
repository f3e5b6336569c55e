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

/** Of this process, by whom they trust; as long as a client holds one. */
const trusts = new Map<string, WeakRef<Trust>>();
const forgotten = new FinalizationRegistry<string>((key) => {
  if (trusts.get(key)?.deref() === undefined) trusts.delete(key);
});

/**
 * Clients of one process that trust the same roots share a secure context and its TLS sessions: a hub knows a device by its key,
 * not by its TLS, and of a thousand devices of a gateway one has to read the roots and verify the hub.
 * @throws `STREAMS_INVALID_ARGUMENT` for what is no certificate: OpenSSL would pass over it, and trust something else or nothing.
 */
export function createTrust(options: TrustOptions): Trust {
  const file = (options.env ?? process.env)['STREAMS_CA_FILE'];
  if (options.ca !== undefined) return pinnedTo('ca', [options.ca].flat(), 'pinned');
  if (file) return pinnedTo('STREAMS_CA_FILE', [read(file)], 'file');
  // Without `ca` Node uses its own roots and those of NODE_EXTRA_CA_CERTS.
  return shared('node', '', () => createSecureContext({ minVersion: 'TLSv1.2' }));
}

function pinnedTo(field: string, texts: readonly string[], source: Trust['source']): Trust {
  const invalid = (cause?: unknown): never => {
    throw createError('INVALID_ARGUMENT', { message: `${field}: expected CA certificates in PEM`, details: { field }, cause });
  };
  const certificates = texts.map((text) => String(text).match(CERTIFICATE) ?? invalid()).flat();
  if (certificates.length === 0) invalid();
  return shared(source, certificates.join('').replaceAll(/\s/g, ''), () => {
    try {
      return createSecureContext({
        minVersion: 'TLSv1.2',
        ca: certificates.map((certificate) => new X509Certificate(certificate).toString()),
      });
    } catch (cause) {
      return invalid(cause);
    }
  });
}

function shared(source: Trust['source'], roots: string, createContext: () => SecureContext): Trust {
  const key = `${source} ${roots}`;
  const known = trusts.get(key)?.deref();
  if (known) return known;
  const trust: Trust = { context: createContext(), source, sessions: new Map() };
  trusts.set(key, new WeakRef(trust));
  forgotten.register(trust, key);
  return trust;
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
