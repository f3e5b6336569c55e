// One trace from the service through the hub to the device's callback, by the bridge to OpenTelemetry, and trace contexts without it.
import { context, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { BasicTracerProvider, InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { enableOpenTelemetry } from '@streams/device/otel';
import { enableOpenTelemetry as enableOnService } from '@streams/service/otel';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DEVICE, expectNoLeaks, type Rig, startRig, until } from './support/rig.ts';
import { openPair, pass, startScene, STEP_MS } from './support/session-scene.ts';

expectNoLeaks();

const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

/** A rig whose device accepts what is called `echo`, and what it has been asked. */
async function startAsked(): Promise<{ rig: Rig; service: Awaited<ReturnType<Rig['service']>>; asked: (string | undefined)[] }> {
  const rig = await startRig();
  const asked: (string | undefined)[] = [];
  const device = await rig.device();
  device.onStreamRequest(async (request) => {
    asked.push(request.traceparent);
    if (request.name !== 'echo') return request.reject('not here');
    await request.accept();
  });
  await device.connect();
  return { rig, service: await rig.service(), asked };
}

describe('enableOpenTelemetry', () => {
  const exporter = new InMemorySpanExporter();
  const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  const tracer = tracerProvider.getTracer('test');
  let disable: () => void;
  beforeEach(() => {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    disable = enableOpenTelemetry({ tracerProvider });
  });
  afterEach(() => {
    disable();
    context.disable();
    exporter.reset();
  });

  /** Runs as an application that traces its own work does. */
  async function within<T>(work: () => Promise<T>): Promise<{ span: Span; result: T }> {
    const span = tracer.startSpan('work');
    const result = await context.with(trace.setSpan(context.active(), span), work);
    span.end();
    return { span, result };
  }

  /** The ended spans of a name, each after its parent. */
  function spans(name: string): ReadableSpan[] {
    const found = exporter.getFinishedSpans().filter((span) => span.name === name);
    const depth = (span: ReadableSpan): number => {
      const parent = found.find((other) => other.spanContext().spanId === span.parentSpanContext?.spanId);
      return parent ? depth(parent) + 1 : 0;
    };
    return found.toSorted((a, b) => depth(a) - depth(b));
  }

  it('links the spans of service, hub and device, and runs the callback in the last', async () => {
    const rig = await startRig();
    const device = await rig.device();
    device.onStreamRequest(async (request) => {
      tracer.startSpan('callback').end();
      await request.accept();
    });
    await device.connect();
    const service = await rig.service();
    const { span: work, result: stream } = await within(() => service.createStream(DEVICE, { name: 'echo' }));
    await until('three spans', () => spans('streams.handshake').length === 3);
    const chain = [...spans('streams.handshake'), ...spans('callback')];
    expect(chain.map(({ kind }) => kind)).toEqual([SpanKind.CLIENT, SpanKind.SERVER, SpanKind.SERVER, SpanKind.INTERNAL]);
    const ids = [work.spanContext().spanId, ...chain.map((span) => span.spanContext().spanId)];
    expect(chain.map((span) => span.parentSpanContext?.spanId)).toEqual(ids.slice(0, -1));
    expect(new Set(chain.map((span) => span.spanContext().traceId))).toEqual(new Set([work.spanContext().traceId]));
    for (const { attributes, status } of spans('streams.handshake')) {
      expect(attributes).toEqual({ 'streams.device.id': DEVICE, 'streams.stream.name': 'echo', 'streams.stream.id': stream.id });
      expect(status.code).toBe(SpanStatusCode.UNSET);
    }
    const hubsSpan = chain[1]?.spanContext();
    expect(rig.hub.records[0]?.traceparent).toBe(`00-${hubsSpan?.traceId}-${hubsSpan?.spanId}-01`);
  });

  it('records the code of an error on all sides', async () => {
    const { service } = await startAsked();
    const open = { STREAMS_STREAM_REJECTED: 'createStream', STREAMS_PROTOCOL_MISMATCH: 'openTunnel' } as const;
    for (const code of Object.keys(open) as (keyof typeof open)[]) {
      await expect(service[open[code]](DEVICE, { name: 'ssh' })).rejects.toMatchObject({ code });
      const ends = spans('streams.handshake').map(({ attributes, status }) => [attributes['error.type'], status.code]);
      expect(ends).toEqual(Array.from({ length: 3 }, () => [code, SpanStatusCode.ERROR]));
      exporter.reset();
    }
  });

  it('shows what resumes a session in the trace of its beginning', async () => {
    const scene = await startScene();
    const pair = await openPair(scene);
    for (const leg of scene.legs.connections) leg.reset();
    await scene.rig.passUntil(pass(pair.here, pair.there, 'again'), STEP_MS);
    await until('three spans', () => spans('streams.resume').length === 3);
    const [first] = spans('streams.handshake');
    const resumed = spans('streams.resume');
    expect(resumed[0]?.parentSpanContext?.spanId).toBe(first?.spanContext().spanId);
    expect(new Set(resumed.map((span) => span.spanContext().traceId))).toEqual(new Set([first?.spanContext().traceId]));
    expect(resumed.map(({ attributes }) => attributes['streams.session.id'])).toEqual(resumed.map(() => pair.here.id));
    expect(scene.rig.hub.records.filter(({ traceparent }) => !traceparent?.includes(String(first?.spanContext().traceId)))).toEqual([]);
  });

  it('counts once where it is enabled twice, and ends for all', async () => {
    const { service, asked } = await startAsked();
    enableOnService({ tracerProvider })();
    await service.createStream(DEVICE, { name: 'echo' });
    disable();
    disable();
    await service.createStream(DEVICE, { name: 'echo' });
    await until('both are asked', () => asked.length === 2);
    expect(spans('streams.handshake')).toHaveLength(3);
    expect(asked).toEqual([expect.stringMatching(/^00-/), undefined]);
  });
});

describe('a trace context without OpenTelemetry', () => {
  it('reaches the device and the log as it is', async () => {
    const { rig, service, asked } = await startAsked();
    await service.createStream(DEVICE, { name: 'echo', traceparent: TRACEPARENT });
    await expect(service.openTunnel(DEVICE, { traceparent: TRACEPARENT, timeoutMs: 1_000 })).rejects.toMatchObject({
      code: 'STREAMS_PROTOCOL_MISMATCH',
    });
    expect(asked).toEqual([TRACEPARENT]);
    expect(rig.hub.records.map(({ traceparent }) => traceparent)).toEqual([TRACEPARENT, TRACEPARENT]);
  });

  it('comes with what resumes a session too', async () => {
    const scene = await startScene();
    const pair = await openPair(scene, { traceparent: TRACEPARENT });
    expect(pair.request.traceparent).toBe(TRACEPARENT);
    scene.legs.connections[1]?.reset();
    await scene.rig.passUntil(pass(pair.here, pair.there, 'again'), STEP_MS);
    const handshakes = scene.rig.hub.records.filter(({ operation }) => operation === 'handshake');
    expect(handshakes).toMatchObject([
      { resumeCount: 0, traceparent: TRACEPARENT },
      { resumeCount: 1, traceparent: TRACEPARENT },
    ]);
  });

  it('that is none is refused by name', async () => {
    const { service } = await startAsked();
    for (const open of [service.createStream(DEVICE, { traceparent: 'abc' }), service.openTunnel(DEVICE, { traceparent: 'abc' })]) {
      await expect(open).rejects.toMatchObject({ code: 'STREAMS_INVALID_ARGUMENT', details: { field: 'traceparent' } });
    }
  });
});
