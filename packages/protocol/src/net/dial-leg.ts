// Opens one side's leg of an accepted stream, where the hub says and as it permits (design sections 4 and 6).
import { StreamsError } from '../errors/base.ts';
import { createError, type HandshakePhase } from '../errors/kinds.ts';
import type { Leg } from '../leg/leg.ts';
import type { Clock } from '../time/clock.ts';
import { HANDSHAKE_GUARD_MS } from '../wire/defaults.ts';
import { MAX_LEG_MESSAGE_BYTES } from '../wire/limits.ts';
import { checkStreamUrl } from './check-url.ts';
import type { Access } from './connect.ts';
import { dial } from './dial.ts';

/** What the hub has handed out for a leg. */
export interface LegTicket {
  readonly url: string;
  readonly token: string;
  readonly protocol: string;
  /** What is left of the handshake. */
  readonly timeoutMs: number;
}

/** What a client adds to it. */
export interface LegContext extends Access {
  readonly clock: Clock;
  /** `https://host[:port]` each: the hub's own, and those that it has published. */
  readonly origins: readonly string[];
  readonly signal?: AbortSignal | undefined;
  /** Whom this side waits for. */
  readonly phase: HandshakePhase;
}

/**
 * Resolves once the hub has both legs.
 * @throws what {@link dial} throws, `STREAMS_UNTRUSTED_ENDPOINT`, and `STREAMS_STREAM_GONE` for a token that is no longer held.
 */
export async function dialLeg(ticket: LegTicket, { origins, ...context }: LegContext): Promise<Leg> {
  try {
    return await dial({
      url: checkStreamUrl(ticket.url, origins),
      protocol: ticket.protocol,
      authorization: `Bearer ${ticket.token}`,
      ...context,
      maxMessageBytes: MAX_LEG_MESSAGE_BYTES,
      timeoutMs: ticket.timeoutMs + HANDSHAKE_GUARD_MS,
    });
  } catch (error) {
    // A token is held exactly as long as its handshake runs.
    const gone = StreamsError.is(error) && error.code === 'STREAMS_UNAUTHENTICATED';
    throw gone ? createError('STREAM_GONE', { cause: error, details: error.details }) : error;
  }
}
