// What a device client emits, and which change of the control link is which event.
import type { ClientEvents, StreamEvents, StreamsError } from '@streams/protocol/internal';
import type { LinkState } from './link/state.ts';

/** Why a control link does not stand, and when it is dialled again. */
export interface LinkTrouble {
  /** Absent after `close()`, and where the link's successor is being dialled already. */
  readonly cause?: StreamsError | undefined;
  /** Milliseconds; absent where there is no wait. */
  readonly retryInMs?: number | undefined;
}

/** Event name -> arguments of its listeners. */
export interface DeviceClientEvents extends StreamEvents {
  /** The control link stands, and services can reach the device. Not emitted when a link is renewed. */
  connected: [];
  /** The control link stands no more. */
  disconnected: [trouble: LinkTrouble];
  /** Every change of `DeviceClient.state`. */
  state: [state: LinkState];
}

export const EVENT_NAMES: readonly (keyof DeviceClientEvents)[] = ['connected', 'disconnected', 'state', 'streamOpened', 'streamClosed'];

export function linkTrouble(state: LinkState): LinkTrouble {
  if (state.name === 'waiting') return { cause: state.cause, retryInMs: state.delayMs };
  return state.name === 'closed' ? { cause: state.cause } : {};
}

/** Emits what a change of state means. */
export function announce(events: ClientEvents<DeviceClientEvents>, state: LinkState, before: LinkState): void {
  events.emit('state', state);
  if (stands(state) && !stands(before)) events.emit('connected');
  if (!stands(state) && stands(before)) events.emit('disconnected', linkTrouble(state));
}

function stands({ name }: LinkState): boolean {
  return name === 'connected' || name === 'renewing';
}
