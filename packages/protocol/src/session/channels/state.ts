// The states of a channel, as one side sees them: two directions that end one by one, and a reset that ends both.

/**
 * - `open`: bytes may flow both ways. `sent`: our EOF is out. `received`: the peer's EOF is in.
 * - `resetting`: our RESET is out, and the peer owes its own. `resetting-sent`: the same, after our EOF: a peer whose own EOF was
 *   already on its way is done with the channel, ignores the RESET, and its EOF is all that comes.
 * - `gone`: the id is free.
 */
export type ChannelState = 'open' | 'sent' | 'received' | 'resetting' | 'resetting-sent' | 'gone';

/** What happens to a channel. A RESET counts as sent once it stands in the queue, since its order is fixed by then. */
export type ChannelEvent = 'eof-sent' | 'eof-received' | 'reset-sent' | 'reset-received';

const NEXT: Readonly<Record<ChannelState, Partial<Record<ChannelEvent, ChannelState>>>> = {
  open: { 'eof-sent': 'sent', 'eof-received': 'received', 'reset-sent': 'resetting', 'reset-received': 'gone' },
  sent: { 'eof-received': 'gone', 'reset-sent': 'resetting-sent', 'reset-received': 'gone' },
  received: { 'eof-sent': 'gone', 'reset-sent': 'resetting', 'reset-received': 'gone' },
  resetting: { 'reset-received': 'gone' },
  'resetting-sent': { 'eof-received': 'gone', 'reset-received': 'gone' },
  gone: {},
};

/** The state after `event`; the same where it means nothing. */
export function transition(state: ChannelState, event: ChannelEvent): ChannelState {
  return NEXT[state][event] ?? state;
}

/** True while our direction is open. */
export function canSend(state: ChannelState): boolean {
  return state === 'open' || state === 'received';
}

/** True while bytes of the peer are taken. */
export function canReceive(state: ChannelState): boolean {
  return state === 'open' || state === 'sent';
}

/** True while our RESET waits for the peer's. */
export function isResetting(state: ChannelState): boolean {
  return state === 'resetting' || state === 'resetting-sent';
}
