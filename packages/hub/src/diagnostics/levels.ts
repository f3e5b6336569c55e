// What of a hub can be read at any moment: metrics and history look at it when they are asked, so that nobody counts along.
import type { RelayedBytes } from '../streams/relay.ts';

/** Reads what the hub's parts hold. */
export interface HubLevels {
  readonly devicesConnected: () => number;
  /** Handshakes that run. */
  readonly handshakes: () => number;
  /** Streams that run. */
  readonly streams: () => number;
  /** Payload relayed since the start, that of running streams included. */
  readonly bytes: () => RelayedBytes;
  /** Open TCP connections; undefined where the ports are another server's. */
  readonly connections: () => number | undefined;
  /** When the certificate in force ends, in milliseconds since 1970; undefined where others end TLS. */
  readonly certificateExpiryMs: () => number | undefined;
}
