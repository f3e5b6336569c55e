// The bounds and defaults of a session's channels, each with its unit and its reason (docs/protocol.md, section "Session frames and channels").

/** Channel ids have 24 bits; 0 is the session itself. */
export const MAX_CHANNEL_ID = 16_777_215;
/** Metadata of an OPEN or ACCEPT: the headers of a stream request fit. */
export const MAX_CHANNEL_METADATA_BYTES = 8_192;
/** The most that a peer may grant at the start of a channel. */
export const MAX_INITIAL_WINDOW_BYTES = 1_048_576;
/** A channel's receive window at the start. Times the number of channels it is what a hostile peer can make us hold. */
export const INITIAL_WINDOW_BYTES = 131_072;
/** A receive window grows up to this: 40 MiB/s at 200 ms of round trip. */
export const MAX_CHANNEL_WINDOW_BYTES = 8_388_608;
/** By how much the windows of one session may grow, all together. */
export const MAX_SESSION_GROWTH_BYTES = 33_554_432;
/** By how much the windows of all sessions in one process may grow. */
export const MAX_PROCESS_GROWTH_BYTES = 268_435_456;
/** The most that may be granted on one channel and not yet used: what a CREDIT can say. */
export const MAX_CREDIT_BYTES = 4_294_967_295;
/** Channels that a side opens at once while it does not know the other's limit: few enough to be no flood whatever that is. */
export const FIRST_MAX_CHANNELS = 512;
/** Channels that a service lets its device open at once. */
export const SERVICE_MAX_CHANNELS = 4_096;
/** The same of a device, which has less memory. */
export const DEVICE_MAX_CHANNELS = 512;
/** Channels beyond the limit that are refused one by one; more are a flood, which ends the session. */
export const MAX_REFUSED_CHANNELS = 1_024;
/** Control frames that wait to be sent; a peer that causes more and takes none ends the session. */
export const MAX_UNSENT_CONTROL_FRAMES = 65_536;
/** Unsent bytes of a channel from which on its writer should wait. */
export const CHANNEL_HIGH_WATER_BYTES = 131_072;
/** What a channel sends before it is the next one's turn. */
export const CHANNEL_QUANTUM_BYTES = 65_536;
/** Frames of one message, headers included: one quantum. Larger ones save no more CPU and hold up the small. */
export const MESSAGE_TARGET_BYTES = 65_544;
/** A channel that wakes up with at most this much goes before bulk. */
export const SMALL_WAKE_BYTES = 4_096;
/** Such channels get this much of a message, all together. */
export const SMALL_SHARE_BYTES = 32_768;
