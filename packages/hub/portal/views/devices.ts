// Devices: a page of the list, filtered; who is connected, since when; enabling and disabling.
import type { DeviceListView, DeviceView } from '../rest/types.ts';
import { ago, dateTime, NOTHING } from '../format.ts';
import { formatPlace } from '../router.ts';
import type { Session } from '../session.ts';
import { rewritePlace } from '../ui/address.ts';
import { ask } from '../ui/dialog.ts';
import { button, type Child, fill, h, setAttributes, setText, timeElement } from '../ui/dom.ts';
import { filterBar, selectField, textField } from '../ui/form.ts';
import { Panel } from '../ui/panel.ts';
import { Table } from '../ui/table.ts';
import type { View } from './view.ts';

const EVERY_MS = 5_000;
const PAGE = '50';
/** Until somebody has typed to the end. */
const TYPING_MS = 300;

const CONNECTED = [
  ['', 'Any'],
  ['true', 'Connected'],
  ['false', 'Not connected'],
] as const;
const ENABLED = [
  ['', 'Any'],
  ['true', 'Enabled'],
  ['false', 'Disabled'],
] as const;

/** See the top of this file. */
export function devicesView(session: Session, query: URLSearchParams): View {
  return new DevicesView(session, query);
}

class DevicesView implements View {
  readonly element: HTMLElement;
  readonly #session: Session;
  readonly #prefix: HTMLInputElement;
  readonly #connected: HTMLSelectElement;
  readonly #enabled: HTMLSelectElement;
  readonly #table: Table<DeviceView>;
  readonly #empty: HTMLElement = h('p', { class: 'empty', hidden: true });
  readonly #pages: HTMLElement = h('nav', { class: 'pages', 'aria-label': 'Pages of devices' });
  readonly #panel: Panel;
  #after: string | undefined;
  #typing: ReturnType<typeof setTimeout> | undefined;

  constructor(session: Session, query: URLSearchParams) {
    this.#session = session;
    this.#after = query.get('after') ?? undefined;
    const prefix = textField('Device id begins with', { type: 'search', value: query.get('prefix') ?? '', placeholder: 'pump-' });
    const connected = selectField('Connection', CONNECTED, query.get('connected') ?? '');
    const enabled = selectField('State', ENABLED, query.get('enabled') ?? '');
    [this.#prefix, this.#connected, this.#enabled] = [prefix.input, connected.input, enabled.input];
    const filters = filterBar('Devices', prefix.element, connected.element, enabled.element);
    filters.addEventListener('input', () => this.#onFilter());
    this.#table = new Table({ caption: 'Devices', columns: this.#columns(), key: ({ deviceId }) => deviceId });
    const content = h('div', {}, h('div', { class: 'card table' }, this.#table.element, this.#empty), this.#pages);
    this.#panel = new Panel(session, { everyMs: EVERY_MS, content, what: 'devices', load: (signal) => this.#load(signal) });
    this.element = h('div', {}, filters, this.#panel.element);
  }

  close(): void {
    clearTimeout(this.#typing);
  }

  async #load(signal: AbortSignal): Promise<void> {
    const query = { ...this.#filters(), after: this.#after, limit: PAGE };
    const { devices, next } = await this.#session.client.ask<DeviceListView>('/v1/devices', { query, signal });
    this.#table.update(devices);
    const isFiltered = Object.values(this.#filters()).some((value) => value !== '');
    setText(this.#empty, isFiltered || this.#after ? 'No device fits.' : 'There is no device yet. “streams devices create” makes one.');
    setAttributes(this.#empty, { hidden: devices.length > 0 });
    setAttributes(this.#table.element, { hidden: devices.length === 0 });
    this.#showPages(devices.length, next);
  }

  #filters(): Record<'prefix' | 'connected' | 'enabled', string> {
    return { prefix: this.#prefix.value.trim(), connected: this.#connected.value, enabled: this.#enabled.value };
  }

  #onFilter(): void {
    clearTimeout(this.#typing);
    this.#typing = setTimeout(() => {
      this.#after = undefined;
      rewritePlace(formatPlace('devices', this.#filters()));
      this.#panel.refresh();
    }, TYPING_MS);
  }

  #showPages(shown: number, next: string | undefined): void {
    const place = (after: string | undefined): string => formatPlace('devices', { ...this.#filters(), after });
    const text = h('span', {}, `${shown === 1 ? '1 device' : `${shown} devices`} on this page`);
    const links = [
      this.#after !== undefined && h('a', { href: place(undefined) }, 'First page'),
      next !== undefined && h('a', { href: place(next) }, 'Next page'),
    ];
    const signature = JSON.stringify([shown, next, this.#after, place(undefined)]);
    if (this.#pages.dataset['signature'] === signature) return;
    this.#pages.dataset['signature'] = signature;
    fill(this.#pages, text, ...links);
  }

  #columns(): ConstructorParameters<typeof Table<DeviceView>>[0]['columns'] {
    return [
      { label: 'Device', kind: 'id', text: ({ deviceId }) => deviceId },
      { label: 'Connection', text: ({ connected }) => (connected ? 'Connected' : 'Not connected'), node: (device) => connection(device) },
      { label: 'Last seen', text: (device) => this.#lastSeen(device)[0], node: (device) => this.#lastSeen(device)[1] },
      { label: 'State', text: ({ enabled }) => (enabled ? 'Enabled' : 'Disabled'), node: (device) => state(device) },
      {
        label: 'Actions',
        kind: 'action',
        text: ({ enabled, etag }) => `${enabled} ${etag}`,
        node: (device) => this.#action(device),
      },
    ];
  }

  #lastSeen({ connected, connectedSince, lastSeen }: DeviceView): [text: string, node: Child] {
    const at = connected ? connectedSince : lastSeen;
    if (at === undefined) return connected ? ['Now', 'Now'] : [NOTHING, NOTHING];
    const since = new Date(at);
    if (connected) return [at, h('span', {}, 'Now', h('small', {}, 'connected since ', timeElement(since, dateTime(since))))];
    const text = ago(this.#session.client.nowMs - since.getTime());
    return [text, timeElement(since, text)];
  }

  #action({ deviceId, enabled, etag }: DeviceView): HTMLElement {
    const label = enabled ? 'Disable' : 'Enable';
    const question = {
      title: `${label} ${deviceId}?`,
      text: enabled
        ? 'Its control link and its streams end at once, and it cannot connect until it is enabled again. Its keys stay.'
        : 'It may connect again with the keys that it has.',
      action: label,
      isDangerous: enabled,
      run: () => this.#change(deviceId, !enabled, etag),
    };
    return button(label, () => ask(question), { 'aria-label': `${label} ${deviceId}`, class: 'small' });
  }

  /** The answer may have the device's keys: nobody looks at it. */
  async #change(deviceId: string, enabled: boolean, etag: string | undefined): Promise<void> {
    try {
      // Only as it was when it was looked at, or at least only if it is still there.
      const headers = { 'If-Match': etag === undefined ? '*' : `"${etag}"` };
      await this.#session.client.ask(`/v1/devices/${encodeURIComponent(deviceId)}`, { method: 'PUT', body: { enabled }, headers });
      this.#session.status.announce(`${deviceId} is ${enabled ? 'enabled' : 'disabled'}.`);
    } finally {
      this.#panel.refresh();
    }
  }
}

function connection({ connected }: DeviceView): HTMLElement {
  return h('span', { class: connected ? 'badge good' : 'badge' }, connected ? 'Connected' : 'Not connected');
}

function state({ enabled }: DeviceView): HTMLElement {
  return h('span', { class: enabled ? 'badge plain' : 'badge bad' }, enabled ? 'Enabled' : 'Disabled');
}
