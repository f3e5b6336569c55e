// The overview: what the hub is, and how the last hour went.
import type { HistoryView, HubView } from '../rest/types.ts';
import { bytes, count, dateTime, duration, figure, NOTHING, rate } from '../format.ts';
import type { Session } from '../session.ts';
import { button, fill, h, setText, timeElement } from '../ui/dom.ts';
import { Panel } from '../ui/panel.ts';
import { Plot } from '../ui/plot.ts';
import type { View } from './view.ts';

type SeriesName = keyof HistoryView['series'];

const HUB_EVERY_MS = 10_000;
/** The hub takes a sample each ten seconds. */
const HISTORY_EVERY_MS = 10_000;
const COPIED_MS = 2_000;

const TILES: readonly (readonly [label: string, series: SeriesName, format: (value: number) => string])[] = [
  ['Devices connected', 'devicesConnected', count],
  ['Streams', 'streamsActive', count],
  ['To devices', 'bytesToDevicePerSecond', rate],
  ['To services', 'bytesToServicePerSecond', rate],
];

const PLOTS: readonly (readonly [
  title: string,
  lines: Readonly<Partial<Record<SeriesName, string>>>,
  format: (value: number) => string,
])[] = [
  ['Devices connected', { devicesConnected: 'Devices' }, figure],
  ['Streams', { streamsActive: 'Streams' }, figure],
  ['Throughput', { bytesToDevicePerSecond: 'To devices', bytesToServicePerSecond: 'To services' }, rate],
  ['Handshakes per second', { handshakesPerSecond: 'All', handshakesFailedPerSecond: 'Failed' }, figure],
  ['Event-loop lag', { eventLoopLagMs: 'Lag' }, (value) => `${figure(value)} ms`],
  ['Memory', { memoryBytes: 'Memory' }, bytes],
];

/** See the top of this file. */
export function overviewView(session: Session): View {
  const plots = PLOTS.map(([title, lines, format]) => ({
    plot: new Plot({ title, lines: Object.values(lines), format }),
    series: Object.keys(lines) as SeriesName[],
  }));
  const element = h('div', {}, essentials(session).element, h('h2', {}, 'The last hour'), lastHour(session, plots).element);
  const close = (): void => {
    for (const { plot } of plots) plot.close();
  };
  return { element, close };
}

/** The names are those of Azure's portal, where people know them from. */
function essentials(session: Session): Panel {
  const content = h('dl', { class: 'card essentials' });
  let shown = '';
  const uptime = h('small');
  const load = async (signal: AbortSignal): Promise<void> => {
    const hub = await session.client.ask<HubView>('/v1/hub', { signal });
    const startedAt = hub.startedAt === undefined ? undefined : new Date(hub.startedAt);
    if (startedAt) setText(uptime, `up for ${duration(session.client.nowMs - startedAt.getTime())}`);
    // Drawn anew only when something has changed, so that focus stays.
    if (shown === JSON.stringify(hub)) return;
    shown = JSON.stringify(hub);
    fill(
      content,
      entry('Host name', copyable(hub.hostName, 'host name')),
      entry(
        hub.streamingEndpoints.length === 1 ? 'Streaming endpoint' : 'Streaming endpoints',
        ...hub.streamingEndpoints.map((url) => copyable(url, 'streaming endpoint')),
      ),
      entry('Version', hub.version),
      entry('Started', startedAt ? h('span', {}, timeElement(startedAt, dateTime(startedAt)), uptime) : NOTHING),
    );
  };
  return new Panel(session, { everyMs: HUB_EVERY_MS, content, what: 'description of itself', load });
}

function entry(label: string, ...values: readonly (Node | string)[]): HTMLElement {
  return h('div', {}, h('dt', {}, label), ...values.map((value) => h('dd', {}, value)));
}

function copyable(text: string, what: string): HTMLElement {
  const copy = button('Copy', () => void copyText(), { class: 'small', 'aria-label': `Copy ${what}` });
  const copyText = async (): Promise<void> => {
    const isCopied = await navigator.clipboard.writeText(text).then(
      () => true,
      () => false,
    );
    setText(copy, isCopied ? 'Copied' : 'Not copied');
    setTimeout(() => setText(copy, 'Copy'), COPIED_MS);
  };
  return h('span', { class: 'copyable' }, h('code', {}, text), copy);
}

function lastHour(session: Session, plots: readonly { plot: Plot; series: readonly SeriesName[] }[]): Panel {
  const tiles = TILES.map(([label, series, format]) => ({ series, format, label, value: h('dd') }));
  const content = h(
    'div',
    {},
    h('dl', { class: 'tiles' }, ...tiles.map(({ label, value }) => h('div', { class: 'card' }, h('dt', {}, label), value))),
    h('div', { class: 'plots' }, ...plots.map(({ plot }) => plot.element)),
  );
  const load = async (signal: AbortSignal): Promise<void> => {
    const { endMs, stepMs, series } = await session.client.ask<HistoryView>('/v1/diagnostics/history', { signal });
    for (const { series: name, format, value } of tiles) {
      const last = series[name].at(-1);
      setText(value, last === null || last === undefined ? NOTHING : format(last));
    }
    for (const { plot, series: names } of plots) plot.update({ endMs, stepMs, lines: names.map((name) => series[name]) });
  };
  return new Panel(session, { everyMs: HISTORY_EVERY_MS, content, what: 'history', load });
}
