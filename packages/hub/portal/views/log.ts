// The resource log: who has opened what, how it went, and why it ended; newest first, older ones by pages.
import type { LogPage, LogRecord } from '../rest/types.ts';
import { count } from '../format.ts';
import { formatPlace } from '../router.ts';
import type { Session } from '../session.ts';
import { rewritePlace } from '../ui/address.ts';
import { button, h, setAttributes, setText } from '../ui/dom.ts';
import { checkField, filterBar, selectField, textField } from '../ui/form.ts';
import { Panel } from '../ui/panel.ts';
import { Table } from '../ui/table.ts';
import { keyOf, logColumns } from './log-record.ts';
import type { View } from './view.ts';

const EVERY_MS = 3_000;
const PAGE = '50';
const TYPING_MS = 300;
/** A page that is left open over night must not grow for ever. */
const MOST_RECORDS = 2_000;
const MOST_EMPTY_PAGES = 20;
const HOUR_MS = 3_600_000;

const RESULTS = [
  ['', 'Any'],
  ['established', 'Established'],
  ['rejected', 'Rejected'],
  ['timed-out', 'Timed out'],
  ['cancelled', 'Cancelled'],
  ['failed', 'Failed'],
  ['clean', 'Clean end'],
  ['terminated', 'Terminated'],
] as const;
const SINCE = [
  ['1', 'Last hour'],
  ['24', 'Last 24 hours'],
  ['168', 'Last 7 days'],
  ['all', 'All'],
] as const;

/** See the top of this file. */
export function logView(session: Session, query: URLSearchParams): View {
  return new LogView(session, query);
}

class LogView implements View {
  readonly element: HTMLElement;
  readonly #session: Session;
  readonly #device: HTMLInputElement;
  readonly #name: HTMLInputElement;
  readonly #result: HTMLSelectElement;
  readonly #since: HTMLSelectElement;
  readonly #follow: HTMLInputElement;
  readonly #table: Table<LogRecord>;
  readonly #empty: HTMLElement = h('p', { class: 'empty', hidden: true });
  readonly #older: HTMLButtonElement;
  readonly #count: HTMLElement = h('span');
  readonly #panel: Panel;
  #records: readonly LogRecord[] = [];
  #next: string | undefined;
  #wantsOlder = false;
  #typing: ReturnType<typeof setTimeout> | undefined;

  constructor(session: Session, query: URLSearchParams) {
    this.#session = session;
    const device = textField('Device', { type: 'search', value: query.get('device') ?? '', placeholder: 'pump-7' });
    const name = textField('Stream name', { type: 'search', value: query.get('name') ?? '', placeholder: 'ssh' });
    const result = selectField('Result', RESULTS, query.get('result') ?? '');
    const since = selectField('Since', SINCE, query.get('since') ?? '24');
    const follow = checkField('Follow', false);
    [this.#device, this.#name, this.#result, this.#since, this.#follow] = [
      device.input,
      name.input,
      result.input,
      since.input,
      follow.input,
    ];
    const fields = [device, name, result, since].map(({ element }) => element);
    for (const field of fields) field.addEventListener('input', () => this.#onFilter());
    this.#follow.addEventListener('input', () => this.#panel.refresh());
    this.#table = new Table({ caption: 'Resource log', columns: logColumns(), key: keyOf });
    this.#older = button('Older records', () => {
      this.#wantsOlder = true;
      this.#panel.refresh();
    });
    const content = h(
      'div',
      {},
      h('div', { class: 'card table' }, this.#table.element, this.#empty),
      h('div', { class: 'pages' }, this.#count, this.#older),
    );
    this.#panel = new Panel(session, {
      everyMs: EVERY_MS,
      content,
      what: 'resource log',
      isLive: () => this.#follow.checked,
      load: (signal) => this.#load(signal),
    });
    this.element = h('div', {}, filterBar('Log', ...fields, follow.element), this.#panel.element);
  }

  close(): void {
    clearTimeout(this.#typing);
  }

  async #load(signal: AbortSignal): Promise<void> {
    const cursor = this.#wantsOlder ? this.#next : undefined;
    const hours = Number(this.#since.value);
    const since = hours > 0 ? new Date(this.#session.client.nowMs - hours * HOUR_MS).toISOString() : undefined;
    const query = { ...this.#filters(), since, limit: PAGE, cursor };
    let page = await this.#ask(query, signal);
    // A page says how far the hub has looked; it may have found nothing yet.
    for (let pages = 1; page.records.length === 0 && page.next !== undefined && pages < MOST_EMPTY_PAGES; pages += 1) {
      page = await this.#ask({ ...query, cursor: page.next }, signal);
    }
    this.#wantsOlder = false;
    this.#take(page, cursor !== undefined);
    this.#show();
  }

  #ask(query: Readonly<Record<string, string | undefined>>, signal: AbortSignal): Promise<LogPage> {
    return this.#session.client.ask<LogPage>('/v1/diagnostics/logs', { query, signal });
  }

  /** Joins what came to what is there: older records below, newer ones above. */
  #take({ records, next }: LogPage, isOlder: boolean): void {
    const known = new Set(this.#records.map(keyOf));
    const fresh = records.filter((record) => !known.has(keyOf(record)));
    const meets = fresh.length < records.length && known.size + fresh.length <= MOST_RECORDS;
    if (isOlder) this.#records = [...this.#records, ...fresh];
    else if (meets) this.#records = [...fresh, ...this.#records];
    else this.#records = records;
    // Where newer records meet those that are there, the older end is where it was.
    if (isOlder || !meets) this.#next = next;
  }

  #show(): void {
    const { length } = this.#records;
    this.#table.update(this.#records);
    setText(this.#count, `${count(length)} ${length === 1 ? 'record' : 'records'}${this.#next === undefined ? '' : ', and older ones'}`);
    setText(this.#empty, this.#next === undefined ? 'No record fits.' : 'No record fits among the newest ones.');
    setAttributes(this.#empty, { hidden: length > 0 });
    setAttributes(this.#table.element, { hidden: length === 0 });
    setAttributes(this.#older, { hidden: this.#next === undefined });
  }

  #filters(): Record<'device' | 'name' | 'result', string> {
    return { device: this.#device.value.trim(), name: this.#name.value.trim(), result: this.#result.value };
  }

  #onFilter(): void {
    clearTimeout(this.#typing);
    this.#typing = setTimeout(() => {
      this.#records = [];
      this.#wantsOlder = false;
      rewritePlace(formatPlace('log', { ...this.#filters(), since: this.#since.value }));
      this.#panel.refresh();
    }, TYPING_MS);
  }
}
