// From the `tls` option to what the server presents and what connection strings pin.
import type { Clock } from '@streams/protocol/internal';
import type { TlsOptions } from '../config/schema.ts';
import type { KeyPair } from '../http/server.ts';
import { issueLeaf, loadAuthority } from './certificate-authority.ts';

/** What the hub presents, and the CA that clients are to pin, where there is one. */
export interface ServerIdentity extends KeyPair {
  readonly caCertificate?: string | undefined;
}

export async function loadIdentity(tls: TlsOptions, hostNames: readonly string[], clock: Clock): Promise<ServerIdentity> {
  if ('key' in tls) return { key: tls.key, cert: tls.cert, caCertificate: tls.ca };
  const authority = await loadAuthority(tls.dataDirectory, clock);
  const leaf = await issueLeaf(authority, hostNames, clock);
  return { ...leaf, caCertificate: authority.cert };
}
