// What a service client is made from.
import {
  checkClientNumbers,
  type Clock,
  createError,
  type HubAddress,
  isName,
  type Logger,
  parseHost,
  type Random,
  Secret,
  Signer,
} from '@streams/protocol/internal';
import { type Credential, signatures } from './credential.ts';
import { TokenCredential, type TokenSource } from './token.ts';

/** What can be set besides the identity. */
export interface ServiceClientSettings {
  /** CA certificates in PEM; they replace all other roots. Default: the connection string's, then `STREAMS_CA_FILE`, then Node's. */
  readonly ca?: string | readonly string[] | undefined;
  /**
   * URL of a proxy for every connection, such as `http://user:password@proxy.example:3128`; `false`: never one.
   * Default: `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` of the environment.
   */
  readonly proxy?: string | false | undefined;
  /** How long `close()` waits for open streams, in milliseconds. Default: 5,000. */
  readonly closeTimeoutMs?: number | undefined;
  /** Default: silent, but for errors of the application's own listeners, which become a process warning. */
  readonly logger?: Logger | undefined;
  /** Default: the machine's clock. */
  readonly clock?: Clock | undefined;
  /** Default: the machine's generator. */
  readonly random?: Random | undefined;
  /** The most bytes that a session keeps for a replay, beside one message: 65,536 or more. Default: 8,388,608. For tests under fire. @internal */
  readonly maxReplayBytes?: number | undefined;
}

/** A service's identity, field by field, for who has no connection string. */
export type ServiceClientOptions = ServiceKeyOptions | ServiceTokenOptions;

/** A policy and its key. */
export interface ServiceKeyOptions extends ServiceClientSettings {
  /** `host[:port]` of the hub. */
  readonly hostName: string;
  /** The shared access policy. */
  readonly sharedAccessKeyName: string;
  /** One of the policy's keys, base64. */
  readonly sharedAccessKey: string;
}

/** A JSON Web Token, for hubs that take them. */
export interface ServiceTokenOptions extends ServiceClientSettings {
  /** `host[:port]` of the hub. */
  readonly hostName: string;
  readonly token: TokenSource;
}

/** Where the hub is, and what requests to it are authorised with. */
export interface ServiceAccess {
  readonly hub: HubAddress;
  readonly credential: Credential;
}

/** Looks all options over. @throws `STREAMS_INVALID_ARGUMENT` that names the field. */
export function accessOf(options: ServiceClientOptions, clock: Clock): ServiceAccess {
  checkClientNumbers('ServiceClient', options);
  const host = parseHost(options.hostName);
  if (!host) invalid('hostName', 'expected host or host:port');
  if (hasToken(options)) {
    if ('sharedAccessKey' in options && options.sharedAccessKey !== undefined)
      invalid('token', 'stands beside sharedAccessKey; give one of the two');
    return { hub: host, credential: new TokenCredential(options.token, clock) };
  }
  if (!isName(options.sharedAccessKeyName)) invalid('sharedAccessKeyName', 'expected a policy name');
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(options.sharedAccessKey)) invalid('sharedAccessKey', 'expected base64');
  const identity = { resource: host.hostName, policy: options.sharedAccessKeyName, key: new Secret(options.sharedAccessKey) };
  return { hub: host, credential: signatures(new Signer(identity, clock)) };
}

function hasToken(options: ServiceClientOptions): options is ServiceTokenOptions {
  return 'token' in options && options.token !== undefined;
}

function invalid(field: string, problem: string): never {
  throw createError('INVALID_ARGUMENT', { message: `ServiceClient: ${field}: ${problem}`, details: { field } });
}
