// What is told beside the page: that the hub does not answer, and, to screen readers, what has changed.
import { duration } from '../format.ts';
import { button, h, setAttributes, setText } from './dom.ts';

/** See the top of this file. */
export class Status {
  readonly element: HTMLElement;
  readonly #text: HTMLElement = h('p');
  readonly #bar: HTMLElement;
  readonly #announcer: HTMLElement = h('div', { role: 'status', class: 'unseen' });
  readonly #troubled = new Set<object>();

  /** @param onRetry Called when somebody will not wait. */
  constructor(onRetry: () => void) {
    this.#bar = h('div', { class: 'trouble', hidden: true }, this.#text, button('Try now', onRetry));
    this.element = h('div', {}, h('div', { role: 'status' }, this.#bar), this.#announcer);
  }

  /** @param who What has the trouble, until it is `well`. */
  trouble(who: object, message: string, againInMs: number): void {
    this.#troubled.add(who);
    setText(this.#text, `${message} What you see is older. Next attempt in ${duration(Math.max(1_000, againInMs))}.`);
    setAttributes(this.#bar, { hidden: false });
  }

  well(who: object): void {
    const wasTroubled = this.#troubled.delete(who);
    if (!wasTroubled || this.#troubled.size > 0) return;
    setAttributes(this.#bar, { hidden: true });
    this.announce('The hub answers again.');
  }

  /** Forgets all that had trouble: they are no longer there to get well. */
  clear(): void {
    this.#troubled.clear();
    setAttributes(this.#bar, { hidden: true });
  }

  announce(text: string): void {
    setText(this.#announcer, text);
  }
}
