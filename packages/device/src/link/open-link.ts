// One attempt at a control link: dials, and waits for the hub's `welcome`.
import {
  abortedError,
  type Access,
  type Clock,
  CLOSE_BAD_MESSAGE,
  CONTROL_PROTOCOL,
  createError,
  decodeHubMessage,
  deferred,
  dial,
  type HubMessage,
  hubTimeOf,
  type Leg,
  type LegMessage,
  LINK_DEAD_MS,
  LINK_IDLE_JITTER,
  LINK_IDLE_MS,
  LINK_TICK_MS,
  MAX_CONTROL_MESSAGE_BYTES,
  onAbort,
  type Random,
  type Signer,
  StreamsError,
  WELCOME_TIMEOUT_MS,
  type WelcomeMessage,
} from '@streams/protocol/internal';
import { inTurn } from './dial-turns.ts';

/** A control link closes within this time, whatever the hub does. */
const CLOSE_LIMIT_MS = 5_000;

/** Where the hub is and who the device is. */
export interface LinkTarget extends Access {
  /** `wss://host[:port]` of the main endpoint. */
  readonly url: string;
  readonly deviceId: string;
  readonly instanceId: string;
  readonly signer: Signer;
  readonly clock: Clock;
  readonly random: Random;
}

/** A link on which the hub has said `welcome`. */
export interface OpenLink {
  readonly leg: Leg;
  readonly welcome: WelcomeMessage;
}

/** Takes what the hub says after its `welcome`; the first of it can come in the same packet. */
export type OnHubMessage = (message: HubMessage) => void;

/**
 * Opens a link. A credential that is refused because this machine's clock is wrong is signed anew, once, by the hub's.
 * @throws what `dial` throws, and `STREAMS_CONNECT_FAILED` if no `welcome` comes in time.
 */
export function openLink(target: LinkTarget, signal: AbortSignal, onMessage: OnHubMessage): Promise<OpenLink> {
  return inTurn(target.url, signal, () => attempts(target, signal, onMessage));
}

async function attempts(target: LinkTarget, signal: AbortSignal, onMessage: OnHubMessage): Promise<OpenLink> {
  try {
    return await attempt(target, signal, onMessage);
  } catch (error) {
    const refused = StreamsError.is(error) && error.code === 'STREAMS_UNAUTHENTICATED';
    if (refused && target.signer.adjustTo(hubTimeOf(error))) return attempt(target, signal, onMessage);
    throw error;
  }
}

async function attempt(target: LinkTarget, signal: AbortSignal, onMessage: OnHubMessage): Promise<OpenLink> {
  const { clock, random, trust, proxyFor } = target;
  const idleMs = LINK_IDLE_MS * (1 + LINK_IDLE_JITTER * (2 * random.uniform() - 1));
  const leg = await dial({
    url: new URL(`${target.url}/v1/devices/${encodeURIComponent(target.deviceId)}/control`),
    protocol: CONTROL_PROTOCOL,
    authorization: target.signer.authorization(),
    headers: { 'Streams-Instance-Id': target.instanceId },
    trust,
    proxyFor,
    clock,
    signal,
    maxMessageBytes: MAX_CONTROL_MESSAGE_BYTES,
    timeoutMs: WELCOME_TIMEOUT_MS,
    times: { idleMs, deadMs: LINK_DEAD_MS, tickMs: LINK_TICK_MS },
    cleanCloseLimitMs: CLOSE_LIMIT_MS,
    phase: 'answer',
  });
  return { leg, welcome: await welcomeOn(leg, clock, signal, onMessage) };
}

async function welcomeOn(leg: Leg, clock: Clock, signal: AbortSignal, onMessage: OnHubMessage): Promise<WelcomeMessage> {
  const { promise, resolve, reject } = deferred<WelcomeMessage>();
  const failed = (message: string): void => reject(createError('CONNECT_FAILED', { message }));
  let welcomed = false;
  leg.on('message', (text) => {
    const message = read(leg, text);
    if (welcomed && message) return onMessage(message);
    welcomed = true;
    if (message?.type === 'welcome') resolve(message);
    else failed('the hub did not begin with a welcome');
  });
  const onClose = (): void => failed('the hub closed the link before its welcome');
  leg.once('close', onClose);
  const stopWaiting = clock.after(WELCOME_TIMEOUT_MS, () => failed(`the hub said no welcome within ${WELCOME_TIMEOUT_MS} ms`));
  const forget = onAbort(signal, () => reject(abortedError(signal)));
  leg.resume();
  try {
    return await promise;
  } catch (error) {
    leg.terminate();
    throw error;
  } finally {
    stopWaiting();
    forget();
    leg.off('close', onClose);
  }
}

/** A hub that sends what is no message is left; a message of an unknown type is ignored. */
function read(leg: Leg, text: LegMessage): HubMessage | undefined {
  try {
    return decodeHubMessage(String(text));
  } catch {
    leg.close(CLOSE_BAD_MESSAGE);
    return undefined;
  }
}
