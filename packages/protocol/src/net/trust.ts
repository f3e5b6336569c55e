// Whom a client trusts as the hub: a pinned CA alone, a file of roots, or Node's own (design section 5).
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

/** One cached secure context per client. */
export function createTrust(options: TrustOptions): SecureContext {
  const ca = options.ca ?? fromFile((options.env ?? process.env)['STREAMS_CA_FILE']);
  // Without `ca` Node uses its own roots and those of NODE_EXTRA_CA_CERTS.
  const roots = ca === undefined ? {} : { ca: typeof ca === 'string' ? ca : [...ca] };
  try {
    return createSecureContext({ minVersion: 'TLSv1.2', ...roots });
  } catch (cause) {
    throw createError('INVALID_ARGUMENT', { message: 'ca: expected CA certificates in PEM', details: { field: 'ca' }, cause });
  }
}

function fromFile(path: string | undefined): string | undefined {
  if (path === undefined || path === '') return undefined;
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
