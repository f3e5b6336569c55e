// What the SDKs and the hub publish on node:diagnostics_channel, for tracing and metrics. Costs nothing while nobody subscribes; carries no secret.
import { type Channel, channel, type TracingChannel, tracingChannel } from 'node:diagnostics_channel';
import type { StreamsError } from '../errors/base.ts';
import type { StreamOutcome } from '../stream/device-stream.ts';

/** Which of the two SDKs speaks. */
export type StreamSide = 'device' | 'service';

/** What `tracing:streams:handshake:*` carries; Node adds `result`, in an SDK the stream or the tunnel, or `error`. */
export interface HandshakeMessage {
  readonly side: StreamSide | 'hub';
  readonly deviceId: string;
  readonly name: string;
  /** Undefined on the service until the device has accepted, on the hub until it has asked the device. */
  streamId: string | undefined;
  /** The session that goes on over this stream: the id of its first stream. */
  readonly resumes?: string | undefined;
  /**
   * The W3C trace context of who asks. Who subscribes to `start` may put its own in its place: that is what the other side gets.
   */
  traceparent?: string | undefined;
  /** Who subscribes to `start` may set it: the handshake, and on a device the application's callback, then run within it. */
  runWithin?: (<T>(run: () => T) => T) | undefined;
}

/** What `streams:stream:open` carries. */
export interface StreamOpenMessage {
  readonly side: StreamSide;
  readonly streamId: string;
  readonly deviceId: string;
  readonly name: string;
}

/** What `streams:stream:close` carries. */
export interface StreamCloseMessage extends StreamOpenMessage {
  readonly outcome: StreamOutcome;
  readonly bytesRead: number;
  readonly bytesWritten: number;
}

/** What `streams:link:state` carries. */
export interface LinkStateMessage {
  readonly deviceId: string;
  readonly state: 'idle' | 'connecting' | 'connected' | 'renewing' | 'waiting' | 'closed';
  /** Why the link is `waiting` or `closed`. */
  readonly cause?: StreamsError | undefined;
  /** When a link that is `waiting` is dialled again. */
  readonly retryInMs?: number | undefined;
}

const handshakes: TracingChannel<HandshakeMessage> = tracingChannel('streams:handshake');
const opened: Channel = channel('streams:stream:open');
const closed: Channel = channel('streams:stream:close');
const linkStates: Channel = channel('streams:link:state');

/** Runs a handshake; whoever traces sees its start, and its end with the stream or the error. */
export function traceHandshake<T>(message: HandshakeMessage, run: () => Promise<T>): Promise<T> {
  if (!handshakes.hasSubscribers) return run();
  return handshakes.tracePromise(() => (message.runWithin ? message.runWithin(run) : run()), message);
}

export function publishStreamOpen(message: () => StreamOpenMessage): void {
  if (opened.hasSubscribers) opened.publish(message());
}

export function publishStreamClose(message: () => StreamCloseMessage): void {
  if (closed.hasSubscribers) closed.publish(message());
}

export function publishLinkState(message: () => LinkStateMessage): void {
  if (linkStates.hasSubscribers) linkStates.publish(message());
}
