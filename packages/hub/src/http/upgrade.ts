// Upgrade requests: who may open a control link or a leg is known before the 101 goes out.
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import {
  type Clock,
  CLOCK_LEEWAY_MS,
  CONTROL_PROTOCOL,
  createError,
  ID_PATTERN,
  LEG_IDLE_MS,
  LEG_TIMES,
  LINK_DEAD_MS,
  LINK_IDLE_JITTER,
  LINK_IDLE_MS,
  LINK_TICK_MS,
  MAX_CONTROL_MESSAGE_BYTES,
  MAX_LEG_MESSAGE_BYTES,
  newId,
  type Random,
  type StreamsError,
  TOKEN_PATTERN,
} from '@streams/protocol/internal';
import type { Identity } from '../auth/authenticate.ts';
import type { Sessions } from '../control/sessions.ts';
import type { HubObserver, RefusedCredential } from '../diagnostics/observer.ts';
import type { Broker } from '../streams/broker.ts';
import { isRole } from '../streams/handshake.ts';
import type { Caller } from './guard.ts';
import { offeredProtocols, Upgrader } from './pending-upgrade.ts';
import { matchPath, segmentsOf } from './routes.ts';

const CONTROL_PATH = ['v1', 'devices', ':id', 'control'];
const LEG_PATH = ['v1', 'streams', ':id', ':role'];
const BEARER = /^Bearer (.+)$/;
/** A control link that is closed must not linger. */
const CONTROL_CLOSE_LIMIT_MS = 5_000;

/** What upgrades are handed on to. */
export interface UpgradeContext {
  readonly clock: Clock;
  readonly random: Random;
  /** Own silence before a ping, in milliseconds. Default: that of the protocol. */
  readonly keepAliveMs?: number | undefined;
  readonly sessions: Sessions;
  readonly broker: Broker;
  readonly observer: HubObserver;
  /** @throws `STREAMS_UNAUTHENTICATED` */
  readonly authenticate: (caller: Caller) => Promise<Identity>;
  /** Called after a control link was attached. */
  readonly onLink: (deviceId: string) => void;
}

/** The two endpoints of a hub: control links and REST, and legs. */
export type Endpoint = 'main' | 'streaming';

/** The endpoint of a path that speaks WebSocket only; `undefined` for any other path. */
export function upgradeEndpoint(target: string): Endpoint | undefined {
  const segments = segmentsOf(target);
  if (matchPath(CONTROL_PATH, segments)) return 'main';
  return isRole(matchPath(LEG_PATH, segments)?.[1]) ? 'streaming' : undefined;
}

/** Hands each upgrade to the control links or to the broker. */
export class Upgrades {
  readonly #context: UpgradeContext;
  readonly #links: Upgrader;
  readonly #legs: Upgrader;

  constructor(context: UpgradeContext) {
    this.#context = context;
    const { clock, random, keepAliveMs, observer } = context;
    const answered = (status: number): void => observer.answered(status);
    // Each hub start beats at its own pace, as each device does.
    const idleMs = keepAliveMs ?? LINK_IDLE_MS * (1 + LINK_IDLE_JITTER * (2 * random.uniform() - 1));
    const times = { idleMs, deadMs: LINK_DEAD_MS, tickMs: Math.min(LINK_TICK_MS, idleMs) };
    this.#links = new Upgrader(MAX_CONTROL_MESSAGE_BYTES, { clock, times, cleanCloseLimitMs: CONTROL_CLOSE_LIMIT_MS, answered });
    this.#legs = new Upgrader(MAX_LEG_MESSAGE_BYTES, { clock, times: { ...LEG_TIMES, idleMs: keepAliveMs ?? LEG_IDLE_MS }, answered });
  }

  /** @throws what the client gets instead of the 101. */
  async handle(request: IncomingMessage, socket: Socket, head: Buffer, caller: Caller): Promise<void> {
    const segments = segmentsOf(request.url ?? '');
    const [deviceId] = matchPath(CONTROL_PATH, segments) ?? [];
    if (deviceId !== undefined) return this.#link(deviceId, request, socket, head, caller);
    const [streamId, role] = matchPath(LEG_PATH, segments) ?? [];
    if (streamId === undefined || !isRole(role)) throw createError('NOT_FOUND');
    const token = BEARER.exec(caller.authorization ?? '')?.[1] ?? '';
    const seat = TOKEN_PATTERN.test(token) ? this.#context.broker.findSeat(streamId, role, token) : undefined;
    if (seat === undefined) throw this.#refused('stream-token', 'the stream token is not held');
    const offered = offeredProtocols(request);
    if (offered.length > 0 && !offered.some((protocol) => seat.protocols.includes(protocol))) {
      throw createError('BAD_REQUEST', { message: `offer one of these WebSocket subprotocols: ${seat.protocols.join(', ')}` });
    }
    seat.take(this.#legs.hold(request, socket, head, caller.trackingId), offered);
  }

  async #link(deviceId: string, request: IncomingMessage, socket: Socket, head: Buffer, caller: Caller): Promise<void> {
    const { clock, random, sessions } = this.#context;
    const identity = await this.#context.authenticate(caller);
    if (identity.kind !== 'device' || identity.deviceId !== deviceId) throw this.#refused('wrong-device');
    const instanceId = request.headers['streams-instance-id'] ?? newId(random);
    if (typeof instanceId !== 'string' || !ID_PATTERN.test(instanceId)) {
      throw createError('BAD_REQUEST', { message: 'Streams-Instance-Id: expected 22 characters of base64url' });
    }
    if (!offeredProtocols(request).includes(CONTROL_PROTOCOL)) {
      throw createError('BAD_REQUEST', { message: `offer the WebSocket subprotocol ${CONTROL_PROTOCOL}` });
    }
    const leg = this.#links.hold(request, socket, head, caller.trackingId).grant(CONTROL_PROTOCOL);
    if (!leg) return;
    const expiresInMs = identity.expiresAtMs + CLOCK_LEEWAY_MS - clock.wallMs();
    sessions.attach({ deviceId, instanceId, leg, keyId: identity.keyId, expiresInMs });
    this.#context.onLink(deviceId);
  }

  #refused(cause: RefusedCredential, message?: string): StreamsError {
    this.#context.observer.credentialRefused(cause);
    return createError('UNAUTHENTICATED', { message });
  }
}
