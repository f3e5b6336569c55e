// Who wants to know of the changes of what is kept: devices, policies.

/** The listeners of one keeper. */
export class Changes<Change> {
  readonly #listeners = new Set<(change: Change) => void>();

  /** Returns what removes the listener. */
  listen(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  emit(change: Change): void {
    for (const listener of this.#listeners) listener(change);
  }
}
