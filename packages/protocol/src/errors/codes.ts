// The one error table: what a code means, whether a retry helps, and how it shows in HTTP, in a close frame and as exit code.
// docs/errors.md is tested against it both ways.

/** One row of the table. */
export interface ErrorEntry {
  /** What happened, and what to do where that is known. */
  readonly message: string;
  /** True if the same call can succeed later without a change. */
  readonly retryable: boolean;
  /** HTTP status under which the hub sends it. Undefined: it never travels as an HTTP answer. */
  readonly httpStatus: number | undefined;
  /** Exit code of a command that ends with it (sysexits.h). */
  readonly exitCode: number;
}

const USAGE = 64;
const DATA = 65;
const UNAVAILABLE = 69;
const SOFTWARE = 70;
const TEMPORARY = 75;
const PROTOCOL = 76;
const DENIED = 77;
const CONFIGURATION = 78;

/** A code as it stands on the wire and in logs. In the SDKs `error.code` is `STREAMS_` + it. */
export type WireCode =
  | 'BAD_REQUEST'
  | 'INVALID_DEVICE_ID'
  | 'INVALID_STREAM_NAME'
  | 'AMBIGUOUS_CREDENTIALS'
  | 'UNAUTHENTICATED'
  | 'FORBIDDEN'
  | 'ORIGIN_DENIED'
  | 'STREAM_REJECTED'
  | 'NO_HANDLER'
  | 'HANDLER_FAILED'
  | 'NOT_FOUND'
  | 'DEVICE_NOT_FOUND'
  | 'DEVICE_NOT_CONNECTED'
  | 'POLICY_NOT_FOUND'
  | 'PROTOCOL_MISMATCH'
  | 'CONFLICT'
  | 'STREAM_GONE'
  | 'STREAM_EXPIRED'
  | 'SESSION_LOST'
  | 'TOO_LARGE'
  | 'WRONG_HOST'
  | 'UPGRADE_REQUIRED'
  | 'TOO_MANY_STREAMS'
  | 'THROTTLED'
  | 'TOO_MANY_CONNECTIONS'
  | 'TOO_MANY_FAILED_LOGINS'
  | 'INTERNAL'
  | 'BAD_DEVICE_ANSWER'
  | 'DRAINING'
  | 'OVERLOADED'
  | 'HANDSHAKE_TIMEOUT'
  | 'ABORTED'
  | 'STREAM_TERMINATED'
  | 'STREAM_IDLE'
  | 'CHANNEL_RESET'
  | 'INVALID_ARGUMENT'
  | 'INVALID_CONFIGURATION'
  | 'INVALID_STATE'
  | 'CLOSED'
  | 'CONNECT_FAILED'
  | 'TLS_FAILED'
  | 'UNTRUSTED_ENDPOINT'
  | 'REPLACED';
/** A code as the SDKs show it in `error.code`. */
export type ErrorCode = `STREAMS_${WireCode}`;

const NAME_RULE = "1 to 128 of the characters A-Z a-z 0-9 - . % _ * ? ! ( ) , : = @ $ ' and is not . or ..";

function final(httpStatus: number | undefined, exitCode: number, message: string): ErrorEntry {
  return { message, retryable: false, httpStatus, exitCode };
}

function retryable(httpStatus: number | undefined, exitCode: number, message: string): ErrorEntry {
  return { message, retryable: true, httpStatus, exitCode };
}

/** Code -> meaning. */
export const ERRORS: Readonly<Record<WireCode, ErrorEntry>> = {
  // said by the hub
  BAD_REQUEST: final(400, DATA, 'the request is malformed'),
  INVALID_DEVICE_ID: final(400, USAGE, `a device id has ${NAME_RULE}`),
  INVALID_STREAM_NAME: final(400, USAGE, `a stream name has ${NAME_RULE}`),
  AMBIGUOUS_CREDENTIALS: final(400, DATA, 'send exactly one credential, in one Authorization header and nowhere else'),
  UNAUTHENTICATED: final(401, DENIED, 'the hub does not accept the credential; check the key and the clock'),
  FORBIDDEN: final(403, DENIED, 'the policy does not permit this'),
  ORIGIN_DENIED: final(403, DENIED, 'requests from web pages are not accepted'),
  STREAM_REJECTED: final(403, UNAVAILABLE, 'the device rejected the stream'),
  NO_HANDLER: final(403, UNAVAILABLE, 'the device has no handler for stream requests'),
  HANDLER_FAILED: final(403, UNAVAILABLE, "the device's handler failed"),
  NOT_FOUND: final(404, PROTOCOL, 'the hub has no such endpoint'),
  DEVICE_NOT_FOUND: final(404, UNAVAILABLE, 'the hub knows no device of this id'),
  DEVICE_NOT_CONNECTED: retryable(404, TEMPORARY, 'the device is not connected to the hub'),
  POLICY_NOT_FOUND: final(404, UNAVAILABLE, 'the hub knows no policy of this name'),
  PROTOCOL_MISMATCH: final(409, PROTOCOL, 'the two sides have no stream protocol in common'),
  CONFLICT: final(409, TEMPORARY, 'it exists already, or was changed by somebody else; read it again, then decide'),
  STREAM_GONE: final(410, UNAVAILABLE, 'the stream ended before it was established; open a new one'),
  STREAM_EXPIRED: retryable(410, UNAVAILABLE, 'the stream has lived as long as the hub lets a stream live; open a new one'),
  SESSION_LOST: final(410, UNAVAILABLE, 'the session cannot be resumed; open a new stream'),
  TOO_LARGE: final(413, DATA, 'the request is too large'),
  WRONG_HOST: final(421, USAGE, 'this hub has another host name'),
  UPGRADE_REQUIRED: final(426, PROTOCOL, 'this endpoint speaks WebSocket only'),
  TOO_MANY_STREAMS: retryable(429, TEMPORARY, 'there are as many streams as may be open at once'),
  THROTTLED: retryable(429, TEMPORARY, 'new streams are asked for faster than they may be opened'),
  TOO_MANY_CONNECTIONS: retryable(429, TEMPORARY, 'there are as many connections from this address as may be open at once'),
  TOO_MANY_FAILED_LOGINS: retryable(429, TEMPORARY, 'too many credentials from this address were wrong; the hub looks at none for a while'),
  INTERNAL: retryable(500, SOFTWARE, 'the hub failed; its log has the tracking id'),
  BAD_DEVICE_ANSWER: retryable(502, PROTOCOL, 'the device gave an answer that is none'),
  DRAINING: retryable(503, TEMPORARY, 'the hub is shutting down'),
  OVERLOADED: retryable(503, TEMPORARY, 'the hub has too much to do'),
  HANDSHAKE_TIMEOUT: retryable(504, TEMPORARY, 'the stream was not established in time'),
  // said by an SDK
  ABORTED: final(undefined, TEMPORARY, 'the call was aborted by its signal'),
  STREAM_TERMINATED: retryable(undefined, UNAVAILABLE, 'the stream ended before both sides had finished'),
  STREAM_IDLE: retryable(undefined, UNAVAILABLE, 'the stream carried nothing for as long as the hub lets a stream be idle'),
  CHANNEL_RESET: retryable(undefined, UNAVAILABLE, 'the channel was reset'),
  INVALID_ARGUMENT: final(undefined, USAGE, 'an argument is invalid'),
  INVALID_CONFIGURATION: final(undefined, CONFIGURATION, 'the configuration is invalid'),
  INVALID_STATE: final(undefined, SOFTWARE, 'the call does not fit the state'),
  CLOSED: final(undefined, SOFTWARE, 'the client is closed'),
  CONNECT_FAILED: retryable(undefined, UNAVAILABLE, 'the hub cannot be reached'),
  TLS_FAILED: final(undefined, DENIED, 'the TLS connection to the hub cannot be trusted'),
  UNTRUSTED_ENDPOINT: final(undefined, PROTOCOL, 'the stream URL leads to a host that the hub has not published'),
  REPLACED: final(undefined, UNAVAILABLE, 'another instance of this device has connected'),
};

/** True if `value` is a key of the table. */
export function isWireCode(value: unknown): value is WireCode {
  return typeof value === 'string' && Object.hasOwn(ERRORS, value);
}
