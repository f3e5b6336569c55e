// The limits of a hub: what they are, their defaults and bounds. docs/limits.md is generated from the schema.
import { z } from 'zod';
import { parseRange } from '../http/trusted-proxies.ts';

/** Limits of a hub; `false` takes one away. docs/limits.md says what who exceeds one gets. All of them can be changed while the hub runs. */
export interface LimitOptions {
  /** Streams of the hub at once, handshakes included. Default: 20,000. */
  readonly maxStreams?: number | false | undefined;
  /** The same of one policy. Default: 10,000. */
  readonly maxStreamsPerPolicy?: number | false | undefined;
  /** The same of one device. Default: 5,000. */
  readonly maxStreamsPerDevice?: number | false | undefined;
  /** Streams that the hub opens per second; those of two seconds at once. Default: 2,000. */
  readonly newStreamsPerSecond?: number | false | undefined;
  /** The same of one policy. Default: 1,000. */
  readonly newStreamsPerSecondPerPolicy?: number | false | undefined;
  /** The same of one device. Default: 1,000. */
  readonly newStreamsPerSecondPerDevice?: number | false | undefined;
  /**
   * Bytes that wait in the hub for receivers that are slow, all streams together: from there on no stream is opened. They are in memory
   * twice, as messages and as the TLS records made of them. Default: 268,435,456.
   */
  readonly maxQueuedBytes?: number | false | undefined;
  /** Bytes per second of one stream, in each direction: the hub reads no faster. Default: false. */
  readonly bytesPerSecondPerStream?: number | false | undefined;
  /** The longest life of a stream, in milliseconds; of a session that resumes, all its legs together. Default: false. */
  readonly maxStreamLifeMs?: number | false | undefined;
  /** The longest time that a stream carries nothing, in milliseconds. Default: false. */
  readonly maxStreamIdleMs?: number | false | undefined;
  /** Connections from one address at once; of IPv6, from one /64. Default: 20,000. */
  readonly maxConnectionsPerAddress?: number | false | undefined;
  /** Connections at once that have not authenticated. Default: 2,000. */
  readonly maxUnauthenticatedConnections?: number | false | undefined;
  /** Wrong credentials from one address in a row; one is forgiven per second. Default: 20. */
  readonly maxFailedLoginsPerAddress?: number | false | undefined;
  /** How long such an address is refused, in milliseconds; each time in a row twice as long, up to ten minutes. Default: 15,000. */
  readonly failedLoginBlockMs?: number | undefined;
  /** Addresses and ranges, such as `10.0.0.0/8`, for which the two limits per address do not count. Default: none. */
  readonly exemptAddresses?: readonly string[] | undefined;
}

/** The longest time for which an address is refused. */
export const MAX_BLOCK_MS = 600_000;

/** What docs/limits.md shows of a limit, besides its bounds and default. */
interface LimitNotes {
  readonly description: string;
  /** What who exceeds it gets. */
  readonly answer: string;
}

const TOO_MANY = '429 `TOO_MANY_STREAMS`';
const THROTTLED = '429 `THROTTLED`; `retryAfterMs` is the time until the next may be opened';

/** Every field has its default: `limitsSchema.parse({})` gives the limits of a hub that was told nothing. */
export const limitsSchema: z.ZodObject = z.strictObject({
  maxStreams: count(20_000, { description: 'Streams of the hub at once, handshakes included.', answer: TOO_MANY }),
  maxStreamsPerPolicy: count(10_000, { description: 'Streams at once that one policy has asked for.', answer: TOO_MANY }),
  maxStreamsPerDevice: count(5_000, { description: 'Streams of one device at once.', answer: TOO_MANY }),
  newStreamsPerSecond: count(2_000, {
    description: 'Streams per second that the hub asks devices for; those of two seconds at once.',
    answer: THROTTLED,
  }),
  newStreamsPerSecondPerPolicy: count(1_000, { description: 'The same for one policy.', answer: THROTTLED }),
  newStreamsPerSecondPerDevice: count(1_000, { description: 'The same of one device.', answer: THROTTLED }),
  maxQueuedBytes: limit(1_048_576, 1_000_000_000_000, 268_435_456, {
    description: 'Bytes that wait in the hub for slow receivers, all streams together. Each is in memory about twice.',
    answer:
      'from three quarters of it on: 503 `OVERLOADED`, for new streams; beyond it the streams stalled for longest: close 1013, `OVERLOADED`',
  }),
  bytesPerSecondPerStream: limit(4_096, 1_000_000_000_000, false, {
    description: 'Bytes per second of one stream, in each direction.',
    answer: 'no error: the hub reads no faster, and the sender waits',
  }),
  maxStreamLifeMs: duration({
    description: 'Milliseconds that a stream lives; of a session, all its legs together.',
    answer: 'both legs: close 4412, `STREAM_EXPIRED`; who resumes the session later: 410 `STREAM_EXPIRED`',
  }),
  maxStreamIdleMs: duration({
    description: 'Milliseconds that a stream carries nothing, either way.',
    answer: 'both legs: close 4413, `STREAM_IDLE`',
  }),
  maxConnectionsPerAddress: count(20_000, {
    description: 'Connections from one address at once; of IPv6, from one /64.',
    answer: '429 `TOO_MANY_CONNECTIONS`; a reset, where 32 beyond the limit wait for that answer already',
  }),
  maxUnauthenticatedConnections: count(2_000, {
    description: 'Connections at once that have not authenticated.',
    answer: 'a reset, for a silent one, or for one of the address that has most of them',
  }),
  maxFailedLoginsPerAddress: limit(1, 1_000, 20, {
    description: 'Wrong credentials from one address in a row; one is forgiven per second.',
    answer: '429 `TOO_MANY_FAILED_LOGINS`; `retryAfterMs` is what is left of the block',
  }),
  failedLoginBlockMs: z.int().min(1_000).max(MAX_BLOCK_MS).default(15_000).meta({
    description: 'Milliseconds for which such an address is blocked; each further time twice as long, up to ten minutes.',
  }),
  exemptAddresses: z
    .array(z.string().refine((text) => parseRange(text) !== undefined, 'expected an IP address, or a range such as 10.0.0.0/8'))
    .default([])
    .meta({
      description: 'Addresses and ranges, such as `10.0.0.0/8`, for which connections and failed logins are not counted per address.',
    }),
});

/** What of it says how a limit is kept, and is none itself. */
const NO_LIMITS = ['failedLoginBlockMs', 'exemptAddresses'];

/** What the hub tells of a limit that was reached: the name of its option, or of one that nobody sets. */
export const LIMIT_LABELS: readonly string[] = [
  ...Object.keys(limitsSchema.shape).filter((name) => !NO_LIMITS.includes(name)),
  // As many as the process has descriptors for; pings and pongs of one client.
  'connections',
  'controlFrames',
];

function count(fallback: number, notes: LimitNotes): z.ZodType {
  return limit(1, 1_000_000, fallback, notes);
}

function duration(notes: LimitNotes): z.ZodType {
  return limit(1_000, 31_536_000_000, false, notes);
}

function limit(least: number, most: number, fallback: number | false, notes: LimitNotes): z.ZodType {
  const expected = `expected a whole number from ${least} to ${most}, or false`;
  return z
    .union([z.literal(false), z.int().min(least).max(most)], expected)
    .default(fallback)
    .meta({ ...notes });
}
