// The states of a link, and the one pure function that moves between them.
//
//           carried            lost
//     new ----------> open <----------> suspended
//                      |     carried        |
//                      +---- finished ------+--> lingering -- released --> closed
//     new, open, suspended -- failed --> closed
import type { LegEnd } from '../../leg/leg.ts';

/** Where a link stands. */
export type LinkState =
  /** No leg has been attached yet. */
  | { readonly name: 'new' }
  /** A leg carries frames, or the next one is about to. */
  | { readonly name: 'open' }
  /** No leg; waits for the next one. */
  | { readonly name: 'suspended'; readonly cause: LegEnd }
  /** Both directions have ended and all is acknowledged; known for a while to a peer that was not told. */
  | { readonly name: 'lingering' }
  /** For good. */
  | { readonly name: 'closed' };

/** What can happen to it. */
export type LinkEvent =
  | { readonly type: 'carried' }
  | { readonly type: 'lost'; readonly cause: LegEnd }
  | { readonly type: 'finished' }
  | { readonly type: 'released' }
  | { readonly type: 'failed' };

/** The state after an event; the very same object where the event means nothing in it. */
export function transition(state: LinkState, event: LinkEvent): LinkState {
  switch (event.type) {
    case 'carried':
      return state.name === 'new' || state.name === 'suspended' ? { name: 'open' } : state;
    case 'lost':
      return state.name === 'open' ? { name: 'suspended', cause: event.cause } : state;
    case 'finished':
      return state.name === 'open' || state.name === 'suspended' ? { name: 'lingering' } : state;
    case 'released':
      return state.name === 'lingering' ? { name: 'closed' } : state;
    case 'failed':
      return state.name === 'lingering' || state.name === 'closed' ? state : { name: 'closed' };
  }
}
