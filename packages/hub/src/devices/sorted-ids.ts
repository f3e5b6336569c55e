// A set of ids that can be walked in their order. Changes cost nothing; the next walk merges them into what is sorted already.

/** See the top of this file. The order is that of character codes. */
export class SortedIds {
  #sorted: string[] = [];
  readonly #added = new Set<string>();
  readonly #removed = new Set<string>();

  /** @param id Must not be in the set. */
  add(id: string): void {
    if (!this.#removed.delete(id)) this.#added.add(id);
  }

  /** @param id Must be in the set. */
  delete(id: string): void {
    if (!this.#added.delete(id)) this.#removed.add(id);
  }

  /** The ids behind `after` that begin with `prefix`. Leave the iteration in the turn that began it. */
  *from(after: string, prefix: string): Generator<string, void> {
    const ids = this.#settled();
    for (let index = firstBehind(ids, after, prefix); index < ids.length; index += 1) {
      const id = ids[index] ?? '';
      if (!id.startsWith(prefix)) return;
      yield id;
    }
  }

  #settled(): readonly string[] {
    if (this.#added.size + this.#removed.size > 0) {
      const kept = this.#removed.size > 0 ? this.#sorted.filter((id) => !this.#removed.has(id)) : this.#sorted;
      // V8 sorts runs that are sorted already in linear time.
      this.#sorted = [...kept, ...[...this.#added].sort()].sort();
      this.#added.clear();
      this.#removed.clear();
    }
    return this.#sorted;
  }
}

/** Where to begin, by bisection. */
function firstBehind(ids: readonly string[], after: string, prefix: string): number {
  let [low, high] = [0, ids.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const id = ids[middle] ?? '';
    if (id > after && id >= prefix) high = middle;
    else low = middle + 1;
  }
  return low;
}
