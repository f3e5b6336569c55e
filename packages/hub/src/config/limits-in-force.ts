// The limits that a hub keeps now; they can change while it runs.
import { type LimitOptions, limitsSchema } from './limits.ts';

/** A limit that was taken away is `Infinity`. */
export type Limits = Readonly<Record<Exclude<keyof LimitOptions, 'exemptAddresses'>, number>> & {
  readonly exemptAddresses: readonly string[];
};

/** Shared by all that keep limits: they look at `current` each time, and listen where they hold what came of it. */
export class LimitsInForce {
  #current: Limits;
  readonly #listeners: (() => void)[] = [];

  /** @param options Checked already. */
  constructor(options: LimitOptions = {}) {
    this.#current = resolve(options);
  }

  get current(): Limits {
    return this.#current;
  }

  /** For parts that live as long as the hub. */
  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** Replaces all of them: what is left out has its default again. */
  update(options: LimitOptions): void {
    this.#current = resolve(options);
    for (const listener of this.#listeners) listener();
  }
}

function resolve(options: LimitOptions): Limits {
  const entries = Object.entries(limitsSchema.parse(options)).map(([name, value]) => [name, value === false ? Infinity : value]);
  return Object.fromEntries(entries) as Limits;
}
