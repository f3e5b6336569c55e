// How much may be under way: the replay window, tuned to the path by what each round of question and ACK shows. A pure rule.
import { FIRST_REPLAY_WINDOW_BYTES, MIN_REPLAY_WINDOW_BYTES, WINDOW_PROBE_MS } from '../../wire/defaults.ts';

/** What is known of the path. */
export interface WindowState {
  /** `start`: doubles until the path is full. `steady`: follows the rate. `probe`: small for one round, to see the empty path. */
  readonly phase: 'start' | 'steady' | 'probe';
  readonly bytes: number;
  /** The window to return to after a probe. */
  readonly bytesBeforeProbe: number;
  readonly minRttMs: number;
  /** Bytes a millisecond, smoothed. Undefined before the first round. */
  readonly rate: number | undefined;
  readonly probedAtMs: number;
}

/** One round: from a message that asks for an ACK to that ACK. */
export interface Round {
  readonly nowMs: number;
  readonly rttMs: number;
  /** Bytes that were acknowledged meanwhile. */
  readonly ackedBytes: number;
  /** Bytes under way when the question was sent, itself included. */
  readonly inFlightBytes: number;
  /** The window was full during the round. */
  readonly limited: boolean;
  /** The queue on the path that is fine beside one round trip. */
  readonly slackMs: number;
}

/** A clock that has not moved must not make an infinite rate. */
const SHORTEST_ROUND_MS = 0.01;
/** What a probe may find under way beside its window: the message that was the last to fit. */
const PROBE_MARGIN_BYTES = 131_072;

/** The window of a new path. */
export function firstWindow(maxBytes: number, nowMs: number): WindowState {
  const bytes = Math.min(FIRST_REPLAY_WINDOW_BYTES, maxBytes);
  return { phase: 'start', bytes, bytesBeforeProbe: bytes, minRttMs: Number.POSITIVE_INFINITY, rate: undefined, probedAtMs: nowMs };
}

/** The window after a round, of at most `maxBytes`. */
export function nextWindow(state: WindowState, round: Round, maxBytes: number): WindowState {
  if (state.phase === 'probe') return afterProbe(state, round);
  const measured = measure(state, round);
  const after = state.phase === 'start' ? start(measured, round) : steady(measured, round);
  return { ...after, bytes: clamp(after.bytes, maxBytes) };
}

function measure(state: WindowState, round: Round): WindowState & { readonly rate: number } {
  const sample = round.ackedBytes / Math.max(round.rttMs, SHORTEST_ROUND_MS);
  const rate = state.rate === undefined ? sample : state.rate + (sample - state.rate) / 4;
  return { ...state, rate, minRttMs: Math.min(state.minRttMs, round.rttMs) };
}

function start(state: WindowState, { rttMs, slackMs, limited }: Round): WindowState {
  const queueMs = rttMs - state.minRttMs;
  if (queueMs > state.minRttMs + slackMs) return { ...state, phase: 'steady' };
  return limited && queueMs <= state.minRttMs / 4 + slackMs / 2 ? { ...state, bytes: state.bytes * 2 } : state;
}

function steady(state: WindowState & { readonly rate: number }, { nowMs, rttMs, slackMs, limited }: Round): WindowState {
  const wanted = state.rate * (2 * state.minRttMs + slackMs);
  if (!limited) return rttMs - state.minRttMs > state.minRttMs + slackMs ? { ...state, bytes: Math.min(state.bytes, wanted) } : state;
  const bytes = Math.min(wanted, state.bytes * 2);
  if (nowMs - state.probedAtMs < WINDOW_PROBE_MS) return { ...state, bytes };
  return { ...state, phase: 'probe', bytes: 0.75 * state.rate * state.minRttMs, bytesBeforeProbe: bytes };
}

/** A round that began while more was under way than the probe allows shows the queue, not the path. */
function afterProbe(state: WindowState, round: Round): WindowState {
  if (round.inFlightBytes > state.bytes + PROBE_MARGIN_BYTES) return state;
  return { ...state, phase: 'steady', bytes: state.bytesBeforeProbe, minRttMs: round.rttMs, probedAtMs: round.nowMs };
}

function clamp(bytes: number, maxBytes: number): number {
  return Math.min(maxBytes, Math.max(MIN_REPLAY_WINDOW_BYTES, Math.round(bytes)));
}
