// What the hub's REST answers (docs/protocol.md): types alone, so that none of the hub's code comes along.
export type { DeviceListView, DeviceView, HubView, LogPage, LogRecord, StreamListView, StreamView } from '@streams/protocol/internal';
export type { HistoryView } from '../../src/diagnostics/history.ts';
