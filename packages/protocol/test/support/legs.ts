// What tests see of a leg: its end, its messages, that it stands still.
import type { Leg, LegEnd, LegMessage } from '../../src/leg/leg.ts';

/** How `leg` ends; ask before it does. */
export function endOf(leg: Leg): Promise<LegEnd> {
  return new Promise((resolve) => leg.once('close', resolve));
}

/** Resolves once `leg` gets rid of nothing any more, since nobody reads at the other end. */
export async function stalled(leg: Leg): Promise<void> {
  for (let rounds = 0, before = -1; rounds < 5; rounds += 1) {
    if (leg.bufferedBytes !== before) rounds = 0;
    before = leg.bufferedBytes;
    await new Promise((resolve) => setTimeout(resolve, 3));
  }
}

/** The messages of `leg`, from now on. */
export function messagesOf(leg: Leg): LegMessage[] {
  const messages: LegMessage[] = [];
  leg.on('message', (message) => messages.push(message));
  return messages;
}
