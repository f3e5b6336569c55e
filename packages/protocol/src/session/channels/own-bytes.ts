// Keeps a small part of a message from holding on to all of it.

/** A view that is a smaller part of its memory than this is copied. */
const LEAST_PART = 8;

/** `view`, or a copy of it where it is a small part of what it looks into. */
export function ownBytes(view: Uint8Array, leastPart: number = LEAST_PART): Uint8Array {
  return view.length * leastPart < view.buffer.byteLength ? Buffer.from(view) : view;
}
