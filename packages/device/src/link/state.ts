// The control link's states, and the one pure function that moves between them.
//
//            connect            welcome             renew
//     idle ----------> connecting -----> connected <-----> renewing
//       ^   refused    |   ^  ^              |  lost          | lost
//       +--------------+   |  +-- retry -- waiting <----------+-- (its dial goes on: connecting)
//                          +-----------------+
//     any -- close, replaced --> closed
import type { StreamsError } from '@streams/protocol/internal';

/** Where the control link stands. */
export type LinkState =
  | { readonly name: 'idle' }
  | { readonly name: 'connecting' }
  | { readonly name: 'connected' }
  /** Connected, and dialling the successor of the link. */
  | { readonly name: 'renewing' }
  /** Not connected; tries again after `delayMs`. `attempt` counts the setbacks since the link was last stable. */
  | { readonly name: 'waiting'; readonly attempt: number; readonly delayMs: number; readonly cause: StreamsError }
  /** For good. `cause` is absent after `close()`. */
  | { readonly name: 'closed'; readonly cause?: StreamsError | undefined };

/** What can happen to it. */
export type LinkEvent =
  | { readonly type: 'connect' }
  /** The hub has said `welcome` on the link that was dialled. */
  | { readonly type: 'welcome' }
  /** A dial has failed, or the link was lost; try again later. */
  | { readonly type: 'setback'; readonly attempt: number; readonly delayMs: number; readonly cause: StreamsError }
  /** The first connection cannot come about: the caller of `connect()` is told. */
  | { readonly type: 'give-up' }
  | { readonly type: 'retry' }
  /** The link's successor is due. */
  | { readonly type: 'renew' }
  /** The link was lost while its successor is being dialled. */
  | { readonly type: 'orphaned' }
  /** The successor did not come about; the link stands. */
  | { readonly type: 'keep' }
  | { readonly type: 'close'; readonly cause?: StreamsError | undefined };

/** The state after an event; the very same object where the event means nothing in it. */
export function transition(state: LinkState, event: LinkEvent): LinkState {
  if (state.name === 'closed') return state;
  switch (event.type) {
    case 'connect':
      return state.name === 'idle' ? { name: 'connecting' } : state;
    case 'welcome':
      return state.name === 'connecting' || state.name === 'renewing' ? { name: 'connected' } : state;
    case 'setback':
      return state.name === 'connecting' || state.name === 'connected' ? waiting(event) : state;
    case 'give-up':
      return state.name === 'connecting' || state.name === 'waiting' ? { name: 'idle' } : state;
    case 'retry':
      return state.name === 'waiting' ? { name: 'connecting' } : state;
    case 'renew':
      return state.name === 'connected' ? { name: 'renewing' } : state;
    case 'orphaned':
      return state.name === 'renewing' ? { name: 'connecting' } : state;
    case 'keep':
      return state.name === 'renewing' ? { name: 'connected' } : state;
    case 'close':
      return { name: 'closed', cause: event.cause };
  }
}

function waiting({ attempt, delayMs, cause }: LinkEvent & { type: 'setback' }): LinkState {
  return { name: 'waiting', attempt, delayMs, cause };
}
