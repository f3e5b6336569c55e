// Every default time and size, with its unit and its reason (design section 5; reliability.md 5.3).

/** Handshake: proxies cut a held request at 60 s, so half of that. */
export const HANDSHAKE_TIMEOUT_MS = 30_000;
/** How much longer than the hub a client waits before it gives up by itself. */
export const HANDSHAKE_GUARD_MS = 5_000;
/** A REST connection: TCP and TLS, and a proxy on the way, within this time. */
export const CONNECT_TIMEOUT_MS = 10_000;
/** A close other than 1000 waits this long for the peer, then cuts. */
export const ABNORMAL_CLOSE_WAIT_MS = 1_000;

/** A peer that has said its close has this long to leave; its leg is over, and the other side of the stream waits to be told. */
export const PEER_CLOSE_WAIT_MS = 100;

/** Stream leg: own silence before a control frame is sent; a quarter of the shortest idle limit on the path (60 s). */
export const LEG_IDLE_MS = 15_000;
/** Stream leg that is being read: silence after which the peer is dead. */
export const LEG_DEAD_MS = 25_000;
/** Control link: own silence before a control frame is sent, ± 20 % so that devices do not beat together. */
export const LINK_IDLE_MS = 25_000;
export const LINK_IDLE_JITTER = 0.2;
/** Control link: silence after which the peer is dead. */
export const LINK_DEAD_MS = 45_000;
/** How often liveness is looked at, and a paused leg probed. */
export const LIVENESS_TICK_MS = 1_000;
/** Control link: how often liveness is looked at; a hub has very many of them. */
export const LINK_TICK_MS = 5_000;
/** A wall clock that ran ahead of the monotonic one by this much: the machine has slept. */
export const SLEEP_JUMP_MS = 5_000;
/** After a sleep, or when the machine has a new address, the hub must show life within this time. */
export const SLEEP_PROBE_MS = 5_000;
/** A client ends its attempt if the hub has not said `welcome` by then. */
export const WELCOME_TIMEOUT_MS = 10_000;
/** An older link of the same device instance stays this long for late requests and answers. */
export const OLD_LINK_LINGER_MS = 2_000;
/** The hub closes a superseded link of the same instance that its client leaves open. */
export const OLD_LINK_LIMIT_MS = 10_000;
/** A device that lost its link keeps the requests it has not answered for this long. */
export const INSTANCE_GRACE_MS = 2_000;

/** Shared access signatures that the SDKs make. */
export const SIGNATURE_LIFE_MS = 3_600_000;
/** A control link dials its successor in this part of its signature's life. */
export const SUCCESSOR_FROM = 0.75;
export const SUCCESSOR_UNTIL = 0.85;
/** What a hub forgives a client's clock. */
export const CLOCK_LEEWAY_MS = 60_000;

/** Back-off of the control link: first retry uniform from 0 to this, so that a herd spreads. */
export const FIRST_RETRY_MS = 2_000;
/** Back-off: full jitter from this base, doubled each time, up to the cap; reset after a stable time. */
export const BACKOFF_BASE_MS = 1_000;
export const BACKOFF_CAP_MS = 30_000;
export const BACKOFF_RESET_MS = 60_000;
/** The longest wait that a hub can ask a device for. */
export const MAX_RETRY_AFTER_MS = 3_600_000;
/** A link that once ran and is now refused as unauthenticated tries again this often. */
export const UNAUTHENTICATED_RETRY_MS = 300_000;
/** How long `close()` waits for open streams before it cuts them. */
export const CLOSE_TIMEOUT_MS = 5_000;

/** A hub that drains closes after this time, whatever still runs: before a container is killed, 10 s after it was asked to stop. */
export const DRAIN_LIMIT_MS = 8_000;
/** How often it looks what still runs. A session of which it has relayed nothing since it last looked is at rest. */
export const DRAIN_TICK_MS = 500;
/** Whom it refuses is asked to come back after a random time between these two. */
export const DRAIN_RETRY_FROM_MS = 1_000;
export const DRAIN_RETRY_UNTIL_MS = 3_000;

/** A hub that closes asks its devices back at this pace, so that the next one can take them all; whoever has streams comes first. */
export const RETURNS_PER_SECOND = 500;

/** Records in one answer of the resource log. */
export const LOG_PAGE_RECORDS = 100;
/** Who follows the resource log is sent an empty line this often: proxies cut what is silent for a minute. */
export const LOG_HEARTBEAT_MS = 15_000;
/** Silence after which a follower takes its connection for lost. */
export const LOG_DEAD_MS = 45_000;

/** Bytes that one end of a stream queues in each direction before it stops. */
export const HIGH_WATER_BYTES = 262_144;
/**
 * In the hub: bytes queued towards a leg above which the other one is paused, and below which it is read again. What is queued
 * exists twice, as messages and as TLS records.
 */
export const RELAY_HIGH_WATER_BYTES = 131_072;
export const RELAY_LOW_WATER_BYTES = 32_768;

/** A message of a session: 64 KiB of payload, the header of the message and that of one frame. */
export const SESSION_MESSAGE_BYTES = 65_552;
/** A new leg of a session: until its HELLO, and until its PROOF. */
export const SESSION_HELLO_TIMEOUT_MS = 10_000;
/** What was received is acknowledged within this time, where nobody has asked for it at once. */
export const SESSION_ACK_DELAY_MS = 200;
/** A session without a leg lives this long: a restarted hub, a changed network, a short sleep. */
export const SESSION_RESUME_MS = 120_000;
/** A session without a leg asks for the next at once, then with full jitter from this base, doubled each time, up to the cap. */
export const REDIAL_BASE_MS = 50;
export const REDIAL_CAP_MS = 5_000;
/** The handshake of such a request: of several lost on the way the session survives. */
export const REDIAL_TIMEOUT_MS = 10_000;
/** A proxy's tunnel without connections is closed after this time. */
export const TUNNEL_IDLE_MS = 60_000;
/** A device that takes streams only is not asked for a tunnel again within this time. */
export const STREAMS_ONLY_MS = 300_000;
/** A session that has ended stays known this long, for a peer that was not told. */
export const SESSION_LINGER_MS = 30_000;
/** After too many wrong proofs a session that has a leg refuses new ones for this long. */
export const WRONG_PROOF_WAIT_MS = 10_000;
/** Replay window: bytes of a session that were sent and not acknowledged. */
export const FIRST_REPLAY_WINDOW_BYTES = 262_144;
export const MIN_REPLAY_WINDOW_BYTES = 131_072;
export const MAX_REPLAY_WINDOW_BYTES = 8_388_608;
/** Of a large window, ACKs are asked for and credit is granted in such steps: with larger ones a sender on a long path waits for them. */
export const WINDOW_STEP_BYTES = 524_288;
/** The queue on the path that the replay window allows beside one round trip: alone, and beside a quiet channel that has just written. */
export const REPLAY_SLACK_MS = 20;
export const REPLAY_TIGHT_SLACK_MS = 2;
/** How long the latency of a quiet channel is minded after it has written. */
export const QUIET_CHANNEL_MS = 1_000;
/** How often a full path is emptied for one round, to see how short its round trip is. */
export const WINDOW_PROBE_MS = 10_000;
