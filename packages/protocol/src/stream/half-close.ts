// The two directions of a stream end one by one; this is which of them have.

/** `open`, then one FIN, then both. */
export type HalfClose = 'open' | 'sent' | 'received' | 'both';

/** A FIN went out, or came in. */
export type Fin = 'sent' | 'received';

/** The state after a FIN. A repeated one changes nothing. */
export function afterFin(state: HalfClose, fin: Fin): HalfClose {
  if (state === 'open') return fin;
  return state === fin ? state : 'both';
}

/** True once the peer's FIN is in. */
export function hasReceivedFin(state: HalfClose): boolean {
  return state === 'received' || state === 'both';
}
