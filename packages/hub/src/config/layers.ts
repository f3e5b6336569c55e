// Settings from several sources, one above the other, in one tree that knows which source each part is from.
import type { Setting } from './catalog.ts';
import type { Given } from './environment.ts';
import { nameOf } from './problems.ts';

type Tree = Record<string, unknown>;

/** See the top of this file. */
export class Layers {
  readonly tree: unknown;
  readonly #lowest: string | undefined;
  readonly #sources = new Map<string, string>();
  readonly #settings: readonly Setting[];

  /** @param tree The lowest layer, which this changes. @param source What it is called; `undefined`: there is none. */
  constructor(tree: unknown, source: string | undefined, settings: readonly Setting[]) {
    this.tree = tree;
    this.#lowest = source;
    this.#settings = settings;
  }

  /** Puts one setting above what is there. */
  put({ path, value, source }: Given): void {
    let section = this.tree;
    for (const [depth, part] of path.entries()) {
      if (!isTree(section)) return; // a file that is no object is wrong as a whole
      this.#leaveOthers(section, nameOf(path.slice(0, depth)), part);
      if (depth === path.length - 1) section[part] = value;
      else if (!isTree(section[part])) section[part] = {};
      section = section[part];
    }
    this.#sources.set(nameOf(path), source);
  }

  get(path: readonly PropertyKey[]): unknown {
    let value: unknown = this.tree;
    for (const part of path) value = value instanceof Object && Object.hasOwn(value, part) ? (value as Tree)[String(part)] : undefined;
    return value;
  }

  /** Where it is from, or the section around it; of what is missing, where another setting of its section is from. */
  sourceOf(path: readonly PropertyKey[]): string | undefined {
    const isMissing = this.get(path) === undefined;
    for (let length = path.length; length > 0; length -= 1) {
      const name = nameOf(path.slice(0, length));
      const sibling = isMissing ? [...this.#sources].find(([other]) => other.startsWith(`${name}.`)) : undefined;
      const source = this.#sources.get(name) ?? sibling?.[1];
      if (source !== undefined) return source;
    }
    return this.#lowest;
  }

  /** What belongs to another alternative of the section, such as `tls.dataDirectory` beside `tls.keyFile`. */
  #leaveOthers(section: Tree, name: string, part: string): void {
    const { alternatives = [] } = this.#settings.find((setting) => setting.name === name) ?? {};
    const fitting = alternatives.filter((fields) => fields.has(part));
    if (fitting.length === 0) return;
    for (const other of Object.keys(section)) {
      const belongs = fitting.some((fields) => fields.has(other));
      const isKnown = alternatives.some((fields) => fields.has(other));
      if (isKnown && !belongs) delete section[other];
    }
  }
}

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
