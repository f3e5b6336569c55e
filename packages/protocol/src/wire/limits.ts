// Every bound of the protocol, with its unit and its reason. What exceeds one is refused, never cut silently.

/** A stream message carries at most this much payload; SDKs split. Large enough that the cost per message vanishes. */
export const MAX_FRAME_PAYLOAD_BYTES = 65_536;
/** WebSocket message on a leg: room for the largest frame of any stream protocol to come. */
export const MAX_LEG_MESSAGE_BYTES = 262_144;
/** WebSocket message on a control link: a request with full headers fits three times. */
export const MAX_CONTROL_MESSAGE_BYTES = 32_768;
/** Body of a REST request or answer. */
export const MAX_BODY_BYTES = 32_768;
/** Fragments of one WebSocket message: nobody needs more, and 16,000 one-byte fragments cost 2 MB a socket. */
export const MAX_FRAGMENTS = 64;
/** Chunks that ws holds while a message is incomplete. */
export const MAX_BUFFERED_CHUNKS = 1_024;
/** Pings and pongs that a client may send to the hub, for long and at once: it needs one in 15 s, and one a second while it is not read. */
export const CONTROL_FRAMES_PER_SECOND = 20;
export const CONTROL_FRAME_BURST = 100;
/** Device ids and stream names (Azure IoT Hub's length). */
export const MAX_NAME_CHARACTERS = 128;
/** Headers of a stream request: how many, and names and values together. */
export const MAX_HEADERS = 64;
export const MAX_HEADERS_BYTES = 8_192;
/** Entries in a list of protocols or capabilities, and the length of each. */
export const MAX_LIST_ENTRIES = 32;
export const MAX_LIST_ENTRY_CHARACTERS = 64;
/** Devices in one answer of a list: with the longest ids they are some 26 KB, below a body's limit. */
export const MAX_LISTED_DEVICES = 100;
/** One line of an import or an export: a device with the longest id and keys is some 900 bytes. */
export const MAX_LINE_BYTES = 4_096;
/** Policies in one answer of a list; fewer where their patterns would make it longer than a body may be. */
export const MAX_LISTED_POLICIES = 100;
/** Patterns of a policy, of device ids and of stream names each: with the longest ones they are half of a body. */
export const MAX_PATTERNS = 64;
/** A JSON Web Token of a service: no longer than the headers that it comes in. */
export const MAX_TOKEN_CHARACTERS = 8_192;
/** Streams in one answer of `GET /v1/streams`. */
export const MAX_LISTED_STREAMS = 100;
/** Records in one answer of the resource log, and the bytes of that answer: larger than other bodies, since a day can have very many. */
export const MAX_LOGGED_RECORDS = 1_000;
export const MAX_LOG_PAGE_BYTES = 262_144;
/** A rejection's reason, in bytes of UTF-8. */
export const MAX_REASON_BYTES = 512;
/** The longest handshake; proxies and NATs rarely hold a silent request longer. */
export const MAX_HANDSHAKE_TIMEOUT_MS = 60_000;
/** The longest life of a shared access signature that a hub takes. */
export const MAX_SIGNATURE_LIFE_MS = 86_400_000;
/** A client corrects its clock by the hub's `Date` by at most this much. */
export const MAX_CLOCK_OFFSET_MS = 86_400_000;

/** A message of a session: half of what a leg carries, so that the hub and a proxy on the way have room for it. */
export const MAX_SESSION_MESSAGE_BYTES = 131_072;
/** The least that an end of a session must take in one message; all that is sent before its HELLO is known is no larger. */
export const MIN_SESSION_MESSAGE_BYTES = 16_384;
/** HELLO with its extensions. */
export const MAX_HELLO_BYTES = 4_096;
/** The least that an end of a session must take on a new channel: it may have been sent before its HELLO is known. */
export const MIN_INITIAL_WINDOW_BYTES = 65_536;
/** The longest that a session can live without a leg: its HELLO has 16 bits for the seconds. */
export const MAX_RESUME_TIMEOUT_MS = 65_535_000;
/** Token of PING and PONG. */
export const MAX_PING_TOKEN_BYTES = 32;
/** Text of FAIL, in bytes of UTF-8. */
export const MAX_FAIL_TEXT_BYTES = 512;
/** Wrong proofs in a row that a session takes, each on a leg of its own, before it refuses new legs for a while. */
export const MAX_WRONG_PROOFS = 5;
/** Legs of a session that have not proven themselves, at once; a real peer needs one or two. */
export const MAX_UNPROVEN_LEGS = 8;
