// Live streams: who is connected to what, for how long, how much and how fast.
import type { StreamListView, StreamView } from '../rest/types.ts';
import { bytes, count, dateTime, duration, NOTHING, rate } from '../format.ts';
import { formatPlace } from '../router.ts';
import type { Session } from '../session.ts';
import { Throughputs } from '../throughput.ts';
import { rewritePlace } from '../ui/address.ts';
import { button, type Child, h, setAttributes, setText, timeElement } from '../ui/dom.ts';
import { filterBar, textField } from '../ui/form.ts';
import { Panel } from '../ui/panel.ts';
import { type Column, Table } from '../ui/table.ts';
import type { View } from './view.ts';

const EVERY_MS = 3_000;
/** Asked for, by pages; beyond that the list says that it is not whole. */
const MOST_STREAMS = 2_000;
/** Shown at once, until more is wanted: a browser has to lay them all out. */
const STEP = 100;

/** See the top of this file. */
export function streamsView(session: Session, query: URLSearchParams): View {
  return new StreamsView(session, query);
}

class StreamsView implements View {
  readonly element: HTMLElement;
  readonly #session: Session;
  readonly #filter: HTMLInputElement;
  readonly #table: Table<StreamView>;
  readonly #throughputs = new Throughputs();
  readonly #summary: HTMLElement = h('p', { class: 'count' });
  readonly #empty: HTMLElement = h('p', { class: 'empty', hidden: true });
  readonly #more: HTMLButtonElement;
  #streams: readonly StreamView[] = [];
  #isWhole = true;
  #most = STEP;

  constructor(session: Session, query: URLSearchParams) {
    this.#session = session;
    const filter = textField('Filter', { type: 'search', value: query.get('text') ?? '', placeholder: 'device, stream name, policy' });
    this.#filter = filter.input;
    this.#filter.addEventListener('input', () => {
      rewritePlace(formatPlace('streams', { text: this.#filter.value }));
      this.#show();
    });
    this.#table = new Table({ caption: 'Live streams', columns: columns(this.#throughputs, session), key: ({ streamId }) => streamId });
    this.#more = button(`Show ${STEP} more`, () => {
      this.#most += STEP;
      this.#show();
    });
    const content = h(
      'div',
      {},
      this.#summary,
      h('div', { class: 'card table' }, this.#table.element, this.#empty),
      h('div', { class: 'pages' }, this.#more),
    );
    const panel = new Panel(session, { everyMs: EVERY_MS, content, what: 'list of live streams', load: (signal) => this.#load(signal) });
    this.element = h('div', {}, filterBar('Streams', filter.element), panel.element);
  }

  close(): void {
    // The session stops the panel.
  }

  async #load(signal: AbortSignal): Promise<void> {
    const streams: StreamView[] = [];
    let after: string | undefined;
    do {
      const page: StreamListView = await this.#session.client.ask('/v1/streams', { query: { after }, signal });
      streams.push(...page.streams);
      after = page.next;
    } while (after !== undefined && streams.length < MOST_STREAMS);
    this.#isWhole = after === undefined;
    this.#throughputs.update(streams, performance.now());
    this.#streams = streams.toReversed();
    this.#show();
  }

  #show(): void {
    const text = this.#filter.value.trim().toLowerCase();
    const fitting = this.#streams.filter((stream) => text === '' || wordsOf(stream).includes(text));
    this.#table.update(fitting.slice(0, this.#most));
    setText(this.#summary, this.#count(fitting.length, text !== ''));
    setText(this.#empty, this.#streams.length === 0 ? 'No stream is open.' : 'No stream fits.');
    setAttributes(this.#empty, { hidden: fitting.length > 0 });
    setAttributes(this.#table.element, { hidden: fitting.length === 0 });
    setAttributes(this.#more, { hidden: fitting.length <= this.#most });
  }

  #count(fitting: number, isFiltered: boolean): string {
    const all = `${count(this.#streams.length)} ${this.#streams.length === 1 ? 'stream' : 'streams'}`;
    const known = this.#isWhole ? all : `the ${all} that have been open longest; there are more`;
    return isFiltered ? `${count(fitting)} of ${known}` : known.replace(/^t/, 'T');
  }
}

function columns(throughputs: Throughputs, { client }: Session): Column<StreamView>[] {
  return [
    { label: 'Device', kind: 'id', text: ({ deviceId }) => deviceId },
    { label: 'Stream name', kind: 'id', text: ({ name }) => name },
    { label: 'Opened by', kind: 'id', text: ({ policy }) => policy },
    {
      label: 'Open for',
      kind: 'number',
      text: ({ since }) => duration(client.nowMs - Date.parse(since)),
      node: ({ since }) => {
        const at = new Date(since);
        return h('span', {}, duration(client.nowMs - at.getTime()), h('small', {}, timeElement(at, dateTime(at))));
      },
    },
    direction('To device', ({ streamId, bytesToDevice }) => [throughputs.of(streamId).toDevice, bytesToDevice]),
    direction('To service', ({ streamId, bytesToService }) => [throughputs.of(streamId).toService, bytesToService]),
    { label: 'Protocol', kind: 'short', text: ({ protocol }) => protocol },
  ];
}

function direction(label: string, values: (stream: StreamView) => [perSecond: number | undefined, total: number]): Column<StreamView> {
  const texts = (stream: StreamView): [string, string] => {
    const [perSecond, total] = values(stream);
    return [perSecond === undefined ? NOTHING : rate(perSecond), `${bytes(total)} in all`];
  };
  const node = (stream: StreamView): Child => {
    const [now, total] = texts(stream);
    return h('span', {}, now, h('small', {}, total));
  };
  return { label, kind: 'number', text: (stream) => texts(stream).join(', '), node };
}

/** What the filter looks at. */
function wordsOf({ deviceId, name, policy, streamId }: StreamView): string {
  return [deviceId, name, policy, streamId].join('\n').toLowerCase();
}
