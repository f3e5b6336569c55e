// Who is examined: a connection string, read, and the way to its hub as the SDKs go it.
import {
  type Access,
  createProxyFor,
  createTrust,
  type DeviceCredentials,
  formatHost,
  type HubAddress,
  parseDeviceConnectionString,
  parseServiceConnectionString,
  type ServiceCredentials,
  Signer,
  systemClock,
} from '@streams/protocol/internal';
import type { FoundString } from '../io/credentials.ts';

/** Either end, with what the checks need of it. */
export interface Patient {
  readonly credentials: DeviceCredentials | ServiceCredentials;
  /** Where the connection string came from. */
  readonly source: string;
  /** Of the hub's main endpoint. */
  readonly url: URL;
  /** Signs as the SDKs do, and learns the hub's time as they do. */
  readonly signer: Signer;
  readonly connectionString: string;
  /** For a service: the device to look at, if one was named. */
  readonly device: string | undefined;
}

/** @throws `STREAMS_INVALID_ARGUMENT` that names the field. */
export function readPatient({ text, source }: FoundString, device: string | undefined): Patient {
  const credentials = /(?:^|;)\s*DeviceId=/.test(text) ? parseDeviceConnectionString(text) : parseServiceConnectionString(text);
  const { hostName, key } = credentials;
  const identity =
    'deviceId' in credentials
      ? { resource: `${hostName}/devices/${credentials.deviceId}`, key }
      : { resource: hostName, policy: credentials.policy, key };
  const url = new URL(`https://${formatHost(credentials)}`);
  return { credentials, source, url, signer: new Signer(identity, systemClock), connectionString: text, device };
}

/**
 * The way to the hub, with TLS sessions of its own: one that is resumed shows no certificate.
 * @throws `STREAMS_INVALID_ARGUMENT` for a malformed HTTPS_PROXY or STREAMS_CA_FILE.
 */
export function accessOf({ caCertificate }: HubAddress): Access {
  return { trust: { ...createTrust({ ca: caCertificate }), sessions: new Map() }, proxyFor: createProxyFor({}) };
}

/** `the device pump-7`, `the policy service`. */
export function describe(credentials: DeviceCredentials | ServiceCredentials): string {
  return 'deviceId' in credentials ? `the device ${credentials.deviceId}` : `the policy ${credentials.policy}`;
}
