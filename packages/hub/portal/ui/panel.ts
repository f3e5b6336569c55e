// A part of a page that is polled: shows what came, or says why nothing did.
import { RequestError } from '../rest/request-error.ts';
import type { Poller } from '../poller.ts';
import type { Session } from '../session.ts';
import { h, setAttributes, setText } from './dom.ts';

/** What a panel asks for, and what it shows. */
export interface PanelOptions {
  readonly everyMs: number;
  readonly content: HTMLElement;
  /** What it is, for the sentence that it is not there: `live streams`. */
  readonly what: string;
  /** False: it is not asked for again by itself. */
  isLive?(): boolean;
  /** Asks, and puts what came into the content. */
  load(signal: AbortSignal): Promise<void>;
}

const TITLES = {
  forbidden: 'Not permitted',
  'not-available': 'Not available',
  refused: 'Refused',
  unreachable: 'No answer',
} as const;

/** See the top of this file. */
export class Panel {
  readonly element: HTMLElement;
  readonly #session: Session;
  readonly #options: PanelOptions;
  readonly #poller: Poller;
  readonly #title: HTMLElement = h('strong');
  readonly #text: HTMLElement = h('span');
  readonly #notice: HTMLElement = h('p', { class: 'notice', role: 'status', hidden: true }, this.#title, ' ', this.#text);
  readonly #loading: HTMLElement = h('p', { class: 'loading' }, 'Loading…');
  #hasContent = false;

  constructor(session: Session, options: PanelOptions) {
    this.#session = session;
    this.#options = options;
    this.element = h('div', { class: 'panel' }, this.#loading, this.#notice, options.content);
    setAttributes(options.content, { hidden: true });
    this.#poller = session.poller({
      everyMs: options.everyMs,
      run: (signal) => options.load(signal),
      onSuccess: () => this.#onSuccess(),
      onFailure: (error, waitMs) => this.#onFailure(error, waitMs),
    });
    this.#poller.now();
  }

  /** Asks again, at once. */
  refresh(): void {
    this.#poller.now();
  }

  #onFailure(error: unknown, waitMs: number): number | undefined {
    const { trouble, message, retryAfterMs = 0 } = asRequestError(error);
    if (trouble === 'unreachable') {
      const againInMs = Math.max(waitMs, retryAfterMs);
      this.#session.status.trouble(this, message, againInMs);
      if (!this.#hasContent) this.#show({ title: TITLES.unreachable, text: message });
      return againInMs;
    }
    this.#session.status.well(this);
    if (trouble === 'signed-out') {
      this.#session.onRefused('The hub no longer accepts your credential: it has expired, or was withdrawn. Sign in again.');
    } else
      this.#show({ title: TITLES[trouble], text: trouble === 'not-available' ? `This hub offers no ${this.#options.what}.` : message });
    return undefined;
  }

  #onSuccess(): void {
    this.#session.status.well(this);
    this.#show(undefined);
    if (this.#options.isLive?.() === false) this.#poller.stop();
  }

  #show(notice: { title: string; text: string } | undefined): void {
    setText(this.#title, notice ? `${notice.title}.` : '');
    setText(this.#text, notice?.text ?? '');
    this.#hasContent = notice === undefined;
    setAttributes(this.#loading, { hidden: true });
    setAttributes(this.#notice, { hidden: notice === undefined });
    setAttributes(this.#options.content, { hidden: notice !== undefined });
  }
}

/** What is none is a mistake of this page's: it goes to the console, and waiting may help. */
function asRequestError(error: unknown): RequestError {
  if (error instanceof RequestError) return error;
  console.error(error);
  return new RequestError('refused', 'This page could not make sense of the answer. Is it older than the hub? Reload it.');
}
