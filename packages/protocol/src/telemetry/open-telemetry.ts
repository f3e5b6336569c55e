// The bridge to OpenTelemetry: each handshake becomes a span, on the service, the hub and the device, and all three one trace.
import { tracingChannel } from 'node:diagnostics_channel';
import {
  type Context,
  context,
  isSpanContextValid,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  trace,
  type Tracer,
  type TracerProvider,
} from '@opentelemetry/api';
import { VERSION } from '../wire/versions.ts';
import type { HandshakeMessage } from './channels.ts';

/** How the bridge is to be set up. */
export interface OpenTelemetryOptions {
  /** Where spans go. Default: the global provider, which an OpenTelemetry SDK registers. */
  readonly tracerProvider?: TracerProvider | undefined;
}

type Handshake = HandshakeMessage & { readonly error?: unknown };

const CHANNEL = 'streams:handshake';
/** Version, trace id, id of the parent span, flags; later versions may have more. */
const TRACEPARENT = /^[\da-f]{2}-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})/;
const ignore = (): void => undefined;
let stop: (() => void) | undefined;

/**
 * Makes a span of each handshake of this process from now on: a `CLIENT` one on a service, `SERVER` ones on a hub and a device. On a
 * device the `onStreamRequest` callback runs within its span. Where it is enabled already, nothing changes.
 * @returns a function that ends it. Spans of handshakes that run are ended then.
 */
export function enableOpenTelemetry({ tracerProvider }: OpenTelemetryOptions = {}): () => void {
  if (stop) return ignore;
  const provider = tracerProvider ?? trace;
  const spans = new Spans(provider.getTracer('@streams/protocol', VERSION));
  const subscribers = {
    start: (handshake: Handshake) => spans.start(handshake),
    error: (handshake: Handshake) => spans.fail(handshake),
    asyncEnd: (handshake: Handshake) => spans.end(handshake),
    end: ignore,
    asyncStart: ignore,
  };
  const channel = tracingChannel<unknown, Handshake>(CHANNEL);
  channel.subscribe(subscribers);
  const disable = (): void => {
    if (stop !== disable) return;
    stop = undefined;
    channel.unsubscribe(subscribers);
    spans.endAll();
  };
  stop = disable;
  return disable;
}

/** The spans of the handshakes that run. */
class Spans {
  readonly #tracer: Tracer;
  readonly #running = new Map<Handshake, Span>();

  constructor(tracer: Tracer) {
    this.#tracer = tracer;
  }

  start(handshake: Handshake): void {
    const { side, resumes, traceparent } = handshake;
    const parent = withRemoteParent(context.active(), traceparent);
    const kind = side === 'service' ? SpanKind.CLIENT : SpanKind.SERVER;
    const name = resumes === undefined ? 'streams.handshake' : 'streams.resume';
    const span = this.#tracer.startSpan(name, { kind, attributes: attributesOf(handshake) }, parent);
    this.#running.set(handshake, span);
    const within = trace.setSpan(parent, span);
    handshake.traceparent = traceparentOf(span.spanContext()) ?? traceparent;
    handshake.runWithin = (run) => context.with(within, run);
  }

  fail(handshake: Handshake): void {
    const span = this.#running.get(handshake);
    const { message = '', code = 'unknown' } = handshake.error as { message?: string; code?: string };
    span?.setAttribute('error.type', code);
    span?.setStatus({ code: SpanStatusCode.ERROR, message });
    this.end(handshake);
  }

  end(handshake: Handshake): void {
    const span = this.#running.get(handshake);
    if (handshake.streamId !== undefined) span?.setAttribute('streams.stream.id', handshake.streamId);
    span?.end();
    this.#running.delete(handshake);
  }

  endAll(): void {
    for (const handshake of this.#running.keys()) this.end(handshake);
  }
}

function attributesOf({ deviceId, name, resumes }: Handshake): Record<string, string> {
  const session = resumes === undefined ? {} : { 'streams.session.id': resumes };
  return { 'streams.device.id': deviceId, 'streams.stream.name': name, ...session };
}

function withRemoteParent(active: Context, traceparent: string | undefined): Context {
  const [, traceId, spanId, flags = ''] = TRACEPARENT.exec(traceparent ?? '') ?? [];
  if (traceId === undefined || spanId === undefined) return active;
  return trace.setSpanContext(active, { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true });
}

/** Undefined where no OpenTelemetry SDK is there that gives out ids. */
function traceparentOf(spanContext: SpanContext): string | undefined {
  const { traceId, spanId, traceFlags } = spanContext;
  return isSpanContextValid(spanContext) ? `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}` : undefined;
}
