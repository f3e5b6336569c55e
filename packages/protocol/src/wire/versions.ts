// The names under which protocols are negotiated. A name carries its version; a change of the wire is a new name.

/** Subprotocol of a device's control link. */
export const CONTROL_PROTOCOL = 'streams.control.v1';
/** Stream protocol: typed binary messages with half-close. */
export const STREAM_PROTOCOL = 'streams.v1';
/** Stream protocol of clients that know no other: binary messages are bytes, a close is the end of both directions. */
export const RAW_PROTOCOL = 'raw';
/** Stream protocol of sessions: channels, and a stream that survives the loss of its legs. */
export const SESSION_PROTOCOL = 'streams.session.v1';
/** Stream protocols that this version speaks, best first. */
export const STREAM_PROTOCOLS: readonly string[] = [STREAM_PROTOCOL, RAW_PROTOCOL];
/** Default stream name, where a service gives none. */
export const DEFAULT_STREAM_NAME = 'default';
/** The version of these packages. */
export const VERSION = '0.1.0';
