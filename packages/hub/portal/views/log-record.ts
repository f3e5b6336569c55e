// One record of the resource log: its row, and all of it.
import type { LogRecord } from '../rest/types.ts';
import { bytes, dateTime, duration, NOTHING } from '../format.ts';
import { show } from '../ui/dialog.ts';
import { button, h, timeElement } from '../ui/dom.ts';
import type { Column } from '../ui/table.ts';

const GOOD = new Set(['established', 'clean']);
const WORDS: Readonly<Record<string, string>> = {
  established: 'Established',
  rejected: 'Rejected',
  'timed-out': 'Timed out',
  cancelled: 'Cancelled',
  failed: 'Failed',
  clean: 'Clean end',
  terminated: 'Terminated',
};

/** The same for the same record. */
export function keyOf({ time, trackingId, operation, streamId }: LogRecord): string {
  return [time, trackingId, operation, streamId].join(' ');
}

/** What the log shows of each record. */
export function logColumns(): Column<LogRecord>[] {
  return [
    {
      label: 'Time',
      kind: 'short',
      text: ({ time }) => dateTime(new Date(time)),
      node: ({ time }) => timeElement(new Date(time), dateTime(new Date(time))),
    },
    { label: 'What', text: ({ operation, result }) => `${operation} ${result}`, node: outcome },
    { label: 'Device', kind: 'id', text: ({ deviceId }) => deviceId },
    { label: 'Stream name', kind: 'id', text: ({ streamName }) => streamName },
    { label: 'Policy', kind: 'id', text: ({ policy }) => policy },
    { label: 'Took', kind: 'number', text: ({ durationMs }) => duration(durationMs) },
    { label: 'Carried', kind: 'short', text: (record) => carried(record).join(), node: (record) => lines(carried(record)) },
    { label: 'Why', kind: 'words', text: why },
    { label: 'Details', kind: 'action', text: keyOf, node: (record) => more(record) },
  ];
}

function outcome({ operation, result }: LogRecord): HTMLElement {
  const badge = h('span', { class: GOOD.has(result) ? 'badge good' : 'badge bad' }, WORDS[result] ?? result);
  return h('span', {}, badge, h('small', {}, operation === 'handshake' ? 'Handshake' : 'Stream'));
}

function carried({ bytesToDevice, bytesToService }: LogRecord): string[] {
  if (bytesToDevice === null || bytesToService === null) return [NOTHING];
  return [`${bytes(bytesToDevice)} to device`, `${bytes(bytesToService)} to service`];
}

function lines(texts: readonly string[]): HTMLElement {
  return h('span', { class: 'lines' }, ...texts.map((text) => h('span', {}, text)));
}

/** Why it came out like that, and through whom. */
function why({ code, phase, reason, endedBy }: LogRecord): string {
  const parts = [endedBy && `ended by the ${endedBy}`, code, phase && `waiting for ${phase}`, reason && `“${reason}”`];
  return parts.filter((part) => part !== null && part !== '').join(', ');
}

function more(record: LogRecord): HTMLElement {
  const label = `Details of ${record.operation} to ${record.deviceId}, ${dateTime(new Date(record.time))}`;
  return button(
    'Details',
    () => show(`${record.operation === 'handshake' ? 'Handshake' : 'Stream'} to ${record.deviceId}`, fieldsOf(record)),
    {
      'aria-label': label,
      class: 'small',
    },
  );
}

/** Every field by its name in the log, so that it can be looked up. */
function fieldsOf(record: LogRecord): HTMLElement {
  const rows = Object.entries(record).flatMap(([name, value]) => {
    if (value === null || value === '') return [];
    return [h('dt', {}, name), h('dd', {}, typeof value === 'object' ? JSON.stringify(value) : String(value))];
  });
  return h('dl', { class: 'fields' }, ...rows);
}
