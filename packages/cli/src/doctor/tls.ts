// TLS to a host, verified exactly as the SDKs do it, and what its certificate says.
import type { DetailedPeerCertificate } from 'node:tls';
import { type Access, CONNECT_TIMEOUT_MS, connectHub, systemClock } from '@streams/protocol/internal';
import { type Finding, ok } from './check.ts';

const MOST_NAMES = 8;

export async function checkTls(url: URL, access: Access): Promise<Finding> {
  const socket = await connectHub({ ...access, url, clock: systemClock, timeoutMs: CONNECT_TIMEOUT_MS });
  const certificate = socket.getPeerCertificate(true);
  const version = socket.getProtocol() ?? 'TLS';
  socket.destroy();
  return ok(`${version}, ${describe(certificate)}; trusted by ${trustedBy(access)}`);
}

function describe(certificate: DetailedPeerCertificate): string {
  const names = certificate.subjectaltname?.split(', ').map((name) => name.replace(/^[^:]*:/, '')) ?? [];
  const more = names.length > MOST_NAMES ? ', …' : '';
  const signer: unknown = certificate.issuer.CN ?? certificate.issuer.O;
  const until = new Date(certificate.valid_to).toISOString().slice(0, 10);
  return `signed by "${String(signer)}" for ${names.slice(0, MOST_NAMES).join(', ')}${more}, until ${until}`;
}

function trustedBy({ trust }: Access): string {
  if (trust.source === 'pinned') return 'the CA in the connection string, and no other';
  if (trust.source === 'file') return `STREAMS_CA_FILE (${process.env['STREAMS_CA_FILE']})`;
  return process.env['NODE_EXTRA_CA_CERTS'] ? 'the roots of Node and NODE_EXTRA_CA_CERTS' : 'the roots of Node';
}
