// The handshake as a pure state machine (design section 4).
//
//   requested -> offered -> accepted -> pairing -> established -> ended
//        \__________\___________\__________\____ rejected | timed-out | cancelled | failed
import type { DeclineCode, HandshakePhase, WireCode } from '@streams/protocol/internal';

/** Which side a leg belongs to. */
export type Role = 'device' | 'service';

export function isRole(value: unknown): value is Role {
  return value === 'device' || value === 'service';
}

export function otherRole(role: Role): Role {
  return role === 'device' ? 'service' : 'device';
}

/** Where a handshake stands. */
export type HandshakeState =
  | { readonly name: 'requested' }
  /** The device was asked; its leg may come beside its answer. */
  | { readonly name: 'offered'; readonly deviceLeg: boolean }
  | { readonly name: 'accepted'; readonly protocol: string }
  /** One leg is held. */
  | { readonly name: 'pairing'; readonly protocol: string; readonly held: Role }
  | { readonly name: 'established'; readonly protocol: string }
  | { readonly name: 'ended' }
  | { readonly name: 'rejected'; readonly code: DeclineCode; readonly reason: string }
  | { readonly name: 'timed-out'; readonly phase: HandshakePhase }
  | { readonly name: 'cancelled' }
  | { readonly name: 'failed'; readonly code: WireCode };

/** What can happen to a handshake. */
export type HandshakeEvent =
  | { readonly type: 'offer' }
  | { readonly type: 'accept'; readonly protocol: string }
  | { readonly type: 'decline'; readonly code: DeclineCode; readonly reason: string }
  | { readonly type: 'leg-held'; readonly role: Role }
  | { readonly type: 'leg-left' }
  | { readonly type: 'time-out' }
  | { readonly type: 'cancel' }
  | { readonly type: 'fail'; readonly code: WireCode }
  | { readonly type: 'end' };

/** True once the handshake can only fail to become, or is no longer, a stream. */
export function isOver(state: HandshakeState): boolean {
  return !['requested', 'offered', 'accepted', 'pairing', 'established'].includes(state.name);
}

/** The state after an event; the very same object where the event means nothing in it. */
export function transition(state: HandshakeState, event: HandshakeEvent): HandshakeState {
  if (isOver(state)) return state;
  if (state.name === 'established') return event.type === 'end' ? { name: 'ended' } : state;
  switch (event.type) {
    case 'offer':
      return state.name === 'requested' ? { name: 'offered', deviceLeg: false } : state;
    case 'accept':
      return state.name === 'offered' ? accepted(event.protocol, state.deviceLeg) : state;
    case 'decline':
      return state.name === 'offered' ? { name: 'rejected', code: event.code, reason: event.reason } : state;
    case 'leg-held':
      return legHeld(state, event.role);
    case 'leg-left':
      return state.name === 'pairing' || state.name === 'offered' ? { name: 'failed', code: 'STREAM_GONE' } : state;
    case 'time-out':
      return { name: 'timed-out', phase: phaseOf(state) };
    case 'cancel':
      return { name: 'cancelled' };
    case 'fail':
      return { name: 'failed', code: event.code };
    case 'end':
      return state;
  }
}

/** Whom a handshake waits for. */
export function phaseOf(state: HandshakeState): HandshakePhase {
  if (state.name === 'pairing') return `${otherRole(state.held)}-leg`;
  return state.name === 'accepted' ? 'device-leg' : 'answer';
}

function accepted(protocol: string, deviceLeg: boolean): HandshakeState {
  return deviceLeg ? { name: 'pairing', protocol, held: 'device' } : { name: 'accepted', protocol };
}

function legHeld(state: HandshakeState, role: Role): HandshakeState {
  if (state.name === 'accepted') return { name: 'pairing', protocol: state.protocol, held: role };
  if (state.name === 'pairing' && state.held !== role) return { name: 'established', protocol: state.protocol };
  // The service has no token before the answer.
  return state.name === 'offered' && role === 'device' ? { name: 'offered', deviceLeg: true } : state;
}
