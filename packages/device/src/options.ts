// What a device client is made from.
import {
  checkClientNumbers,
  createError,
  type Clock,
  type DeviceCredentials,
  isName,
  type Logger,
  parseHost,
  type Random,
  Secret,
} from '@streams/protocol/internal';

/** What can be set besides the identity. */
export interface DeviceClientSettings {
  /** CA certificates in PEM; they replace all other roots. Default: the connection string's, then `STREAMS_CA_FILE`, then Node's. */
  readonly ca?: string | readonly string[] | undefined;
  /**
   * URL of a proxy for every connection, such as `http://user:password@proxy.example:3128`; `false`: never one.
   * Default: `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` of the environment.
   */
  readonly proxy?: string | false | undefined;
  /** How long `close()` waits for open streams, in milliseconds. Default: 5,000. */
  readonly closeTimeoutMs?: number | undefined;
  /** Default: silent, but for errors of the application's own callback, which become a process warning. */
  readonly logger?: Logger | undefined;
  /** Default: the machine's clock. */
  readonly clock?: Clock | undefined;
  /** Default: the machine's generator. */
  readonly random?: Random | undefined;
  /** The most bytes that a session keeps for a replay, beside one message: 65,536 or more. Default: 8,388,608. For tests under fire. @internal */
  readonly maxReplayBytes?: number | undefined;
}

/** A device's identity, field by field, for who has no connection string. */
export interface DeviceClientOptions extends DeviceClientSettings {
  /** `host[:port]` of the hub. */
  readonly hostName: string;
  readonly deviceId: string;
  /** One of the device's two keys, base64. */
  readonly sharedAccessKey: string;
}

/** Looks all options over. @throws `STREAMS_INVALID_ARGUMENT` that names the field. */
export function credentialsOf(options: DeviceClientOptions): DeviceCredentials {
  checkClientNumbers('DeviceClient', options);
  const host = parseHost(options.hostName);
  if (!host) invalid('hostName', 'expected host or host:port');
  if (!isName(options.deviceId)) invalid('deviceId', 'expected a device id');
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(options.sharedAccessKey)) invalid('sharedAccessKey', 'expected base64');
  return { ...host, deviceId: options.deviceId, key: new Secret(options.sharedAccessKey) };
}

function invalid(field: string, problem: string): never {
  throw createError('INVALID_ARGUMENT', { message: `DeviceClient: ${field}: ${problem}`, details: { field } });
}
