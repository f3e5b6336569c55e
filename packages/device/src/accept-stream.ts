// The device's half of an accepted handshake: checks the stream URL and opens the device leg.
import type { SecureContext } from 'node:tls';
import {
  checkStreamUrl,
  type Clock,
  createError,
  DeviceStream,
  dial,
  HANDSHAKE_GUARD_MS,
  MAX_LEG_MESSAGE_BYTES,
  type RequestMessage,
  StreamsError,
} from '@streams/protocol/internal';

/** What the dial needs besides the request. */
export interface AcceptContext {
  readonly deviceId: string;
  readonly trust: SecureContext;
  readonly clock: Clock;
  /** The hub's origin, and those that it has published. */
  readonly origins: readonly string[];
  readonly signal: AbortSignal;
}

/** Resolves once the hub has both legs. @throws see `StreamRequest.accept`. */
export async function acceptStream(request: RequestMessage, protocol: string, context: AcceptContext): Promise<DeviceStream> {
  const { deviceId, trust, clock, origins, signal } = context;
  try {
    const leg = await dial({
      url: checkStreamUrl(request.url, origins),
      protocol,
      authorization: `Bearer ${request.token}`,
      trust,
      clock,
      signal,
      maxMessageBytes: MAX_LEG_MESSAGE_BYTES,
      timeoutMs: request.timeoutMs + HANDSHAKE_GUARD_MS,
      phase: 'service-leg',
    });
    return new DeviceStream(leg, { id: request.streamId, name: request.name, deviceId });
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    // The token is held exactly as long as the handshake runs.
    const gone = StreamsError.is(error) && error.code === 'STREAMS_UNAUTHENTICATED';
    throw gone ? createError('STREAM_GONE', { cause: error }) : error;
  }
}
