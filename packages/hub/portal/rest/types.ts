// What the hub's REST answers (docs/protocol.md): types alone, so that none of the hub's code comes along.
export type { DeviceListView, HubView, LogPage, LogRecord, StreamListView, StreamView } from '@streams/protocol/internal';
export type { HistoryView } from '../../src/diagnostics/history.ts';
import type { DeviceView as PlainDeviceView } from '@streams/protocol/internal';

/** A device in a list. */
export interface DeviceView extends PlainDeviceView {
  readonly etag?: string;
  readonly connectedSince?: string;
  readonly lastSeen?: string;
}
