// What connection strings have in common, whoever they are for: the hub's own name, and the CA that a client is to trust.
import { asHubView, createError, type HubAddress, parseHost, StreamsError } from '@streams/protocol/internal';
import type { Rest } from './rest.ts';

/** The one CA of the option `ca`; undefined for several, since a bundle does not say which is the hub's. */
export function singleCa(ca: string | readonly string[] | undefined): string | undefined {
  const pem = [ca ?? []].flat().join('\n');
  return pem.split('BEGIN CERTIFICATE').length === 2 ? pem : undefined;
}

/** Asks the hub for its name. @throws what {@link Rest.call} throws. */
export async function hubAddress(rest: Rest, caCertificate: string | undefined): Promise<HubAddress> {
  const { hostName } = await rest.call({ method: 'GET', path: '/v1/hub', timeoutMs: 0 }, asHubView);
  const hub = parseHost(hostName);
  if (!hub) throw createError('CONNECT_FAILED', { message: "the answer is not a hub's: hostName: no host name" });
  return { ...hub, caCertificate };
}

/** A body that the hub refuses is a wrong argument of the call. */
export function asArgumentError(call: string, error: unknown): unknown {
  if (!StreamsError.is(error) || error.code !== 'STREAMS_BAD_REQUEST') return error;
  return createError('INVALID_ARGUMENT', { message: `${call}: ${error.message}`, details: { field: error.details['path'] } });
}
