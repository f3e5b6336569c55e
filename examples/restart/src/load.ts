// What runs while the hub restarts: a program of its own, that must notice nothing but a pause.
import type { Pauses } from './pauses.ts';

export interface Load {
  readonly name: string;
  readonly pauses: Pauses;
  /** It has ended, though it was not told to. */
  readonly isOver: boolean;
  /** Lets it come to its end, and says what it has done. Rejects if it has noticed anything. */
  end(): Promise<string>;
}
