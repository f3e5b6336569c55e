// One record of the resource log: its row, and all of it.
import type { LogRecordView } from '../api/types.ts';
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
export function keyOf({ time, trackingId, operation, streamId }: LogRecordView): string {
  return [time, trackingId, operation, streamId].join(' ');
}

/** What the log shows of each record. */
export function logColumns(): Column<LogRecordView>[] {
  return [
    { label: 'Time', kind: 'short', text: ({ time }) => dateTime(new Date(time)), node: ({ time }) => timeElement(new Date(time), dateTime(new Date(time))) },
    { label: 'What', text: ({ operation, result }) => `${operation} ${result}`, node: outcome },
    { label: 'Device', kind: 'id', text: ({ deviceId }) => deviceId },
    { label: 'Stream name', kind: 'id', text: ({ streamName }) => streamName },
    { label: 'Policy', kind: 'id', text: ({ policy }) => policy },
    { label: 'Took', kind: 'number', text: ({ durationMs }) => duration(durationMs) },
    { label: 'To device', kind: 'number', text: ({ bytesToDevice }) => carried(bytesToDevice) },
    { label: 'To service', kind: 'number', text: ({ bytesToService }) => carried(bytesToService) },
    { label: 'Why', text: why },
    { label: 'Details', kind: 'action', text: keyOf, node: (record) => more(record) },
  ];
}

function outcome({ operation, result }: LogRecordView): HTMLElement {
  const badge = h('span', { class: GOOD.has(result) ? 'badge good' : 'badge bad' }, WORDS[result] ?? result);
  return h('span', {}, badge, h('small', {}, operation === 'handshake' ? 'Handshake' : 'Stream'));
}

function carried(value: number | null): string {
  return value === null ? NOTHING : bytes(value);
}

/** Why it came out like that, and through whom. */
function why({ code, phase, reason, endedBy }: LogRecordView): string {
  const parts = [
    endedBy && `ended by the ${endedBy}`,
    code,
    phase && `waiting for ${phase}`,
    reason && `“${reason}”`,
  ];
  return parts.filter((part) => part !== null && part !== '').join(', ');
}

function more(record: LogRecordView): HTMLElement {
  const label = `Details of ${record.operation} to ${record.deviceId}, ${dateTime(new Date(record.time))}`;
  return button('Details', () => show(`${record.operation === 'handshake' ? 'Handshake' : 'Stream'} to ${record.deviceId}`, fieldsOf(record)), {
    'aria-label': label,
    class: 'small',
  });
}

/** Every field by its name in the log, so that it can be looked up. */
function fieldsOf(record: LogRecordView): HTMLElement {
  const rows = Object.entries(record).flatMap(([name, value]) => {
    if (value === null || value === '') return [];
    return [h('dt', {}, name), h('dd', {}, typeof value === 'object' ? JSON.stringify(value) : String(value))];
  });
  return h('dl', { class: 'fields' }, ...rows);
}
