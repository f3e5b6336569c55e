// What the hub's REST answers, as far as the portal looks at it (docs/protocol.md).
export type { DeviceListView, HubView, StreamListView, StreamView } from '@streams/protocol/internal';
import type { DeviceView as PlainDeviceView } from '@streams/protocol/internal';

/** A device in a list. */
export interface DeviceView extends PlainDeviceView {
  readonly etag?: string;
  readonly connectedSince?: string;
  readonly lastSeen?: string;
}

/** A record of the resource log; `null` stands for what does not apply. */
export interface LogRecordView {
  readonly time: string;
  readonly operation: 'handshake' | 'stream';
  readonly deviceId: string;
  readonly streamName: string;
  readonly streamId: string;
  readonly sessionId: string;
  readonly resumeCount: number;
  readonly policy: string;
  readonly result: string;
  readonly code: string | null;
  readonly phase: string | null;
  readonly durationMs: number;
  readonly stepsMs: Readonly<Record<string, number>> | null;
  readonly bytesToDevice: number | null;
  readonly bytesToService: number | null;
  readonly endedBy: string | null;
  readonly reason: string | null;
  readonly trackingId: string;
  readonly traceparent: string | null;
}

/** Answer of `GET /v1/diagnostics/logs`. */
export interface LogPage {
  readonly records: readonly LogRecordView[];
  readonly next?: string;
}

/** A series of the history; `null` where nothing is known. */
export type Series = readonly (number | null)[];

/** Answer of `GET /v1/diagnostics/history`. */
export interface History {
  readonly endMs: number;
  readonly stepMs: number;
  readonly series: Readonly<Record<SeriesName, Series>>;
}

/** What the hub remembers for an hour. */
export type SeriesName =
  | 'devicesConnected'
  | 'streamsActive'
  | 'handshakesPerSecond'
  | 'handshakesFailedPerSecond'
  | 'bytesToDevicePerSecond'
  | 'bytesToServicePerSecond'
  | 'eventLoopLagMs'
  | 'memoryBytes';
