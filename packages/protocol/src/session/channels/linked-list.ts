// Lists whose nodes know their neighbours: in, out and to the end in constant time, without an object per entry.

/** What can stand in one list at a time. */
export abstract class Linked {
  /** @internal */
  list: object | undefined;
  /** @internal */
  before: Linked | undefined;
  /** @internal */
  after: Linked | undefined;
}

/** First in, first out; a node that is in another list is in both only by mistake. */
export class LinkedList<T extends Linked> {
  #first: T | undefined;
  #last: T | undefined;

  get first(): T | undefined {
    return this.#first;
  }

  has(node: T): boolean {
    return node.list === this;
  }

  /** Appends `node`, unless it is in a list already. */
  push(node: T): void {
    if (node.list !== undefined) return;
    node.list = this;
    node.before = this.#last;
    if (this.#last) this.#last.after = node;
    else this.#first = node;
    this.#last = node;
  }

  /** Takes `node` out, if it is in this list. */
  remove(node: T): void {
    if (node.list !== this) return;
    if (node.before) node.before.after = node.after;
    else this.#first = node.after as T | undefined;
    if (node.after) node.after.before = node.before;
    else this.#last = node.before as T | undefined;
    node.list = undefined;
    node.before = undefined;
    node.after = undefined;
  }
}
