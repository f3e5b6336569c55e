// What both SDKs tell of themselves: on node:diagnostics_channel, and to a logger of pino's shape.
import { subscribe, tracingChannel, unsubscribe } from 'node:diagnostics_channel';
import type { HandshakeMessage, LinkStateMessage, Logger, StreamCloseMessage, StreamOpenMessage } from '@streams/device';
import { ServiceClient } from '@streams/service';
import { describe, expect, it, onTestFinished } from 'vitest';
import { DEVICE, echo, expectNoLeaks, MUTE, roundTrip, type Rig, startRig, until } from './support/rig.ts';

expectNoLeaks();

type Trace = HandshakeMessage & { readonly error?: { readonly code: string }; readonly result?: unknown };

/** What comes on a channel, until the test ends. */
function listen<T>(channel: string): T[] {
  const messages: T[] = [];
  const note = (message: unknown): void => void messages.push(message as T);
  subscribe(channel, note);
  onTestFinished(() => void unsubscribe(channel, note));
  return messages;
}

/** The handshakes that end, with what they ended with. */
function traced(): Trace[] {
  const channels = tracingChannel<unknown, Trace & object>('streams:handshake');
  const traces: Trace[] = [];
  const subscribers = { asyncEnd: (trace: Trace) => void traces.push(trace), ...unused };
  channels.subscribe(subscribers);
  onTestFinished(() => channels.unsubscribe(subscribers));
  return traces;
}

const unused = { start: () => undefined, end: () => undefined, asyncStart: () => undefined, error: () => undefined };

async function device(rig: Rig): Promise<void> {
  const client = await rig.device();
  client.onStreamRequest(async (request) => {
    if (request.name !== 'echo') return request.reject('not here');
    echo(await request.accept());
  });
  await client.connect();
}

describe('diagnostics_channel', () => {
  it('shows links, handshakes and streams, of both sides', async () => {
    const links = listen<LinkStateMessage>('streams:link:state');
    const opens = listen<StreamOpenMessage>('streams:stream:open');
    const closes = listen<StreamCloseMessage>('streams:stream:close');
    const traces = traced();
    const rig = await startRig();
    await device(rig);
    const service = await rig.service();
    const stream = await service.createStream(DEVICE, { name: 'echo' });
    expect(await roundTrip(stream, 'hello')).toBe('hello');
    await until('both ends', () => closes.length === 2);
    const what = { deviceId: DEVICE, name: 'echo', streamId: stream.id };
    const sides = ['device', 'service'].map((side) => ({ side, ...what }));
    const bySide = <T extends { side: string }>(messages: T[]): T[] => messages.toSorted((a, b) => a.side.localeCompare(b.side));
    expect(links).toEqual(['connecting', 'connected'].map((state) => ({ deviceId: DEVICE, state })));
    expect(bySide(opens)).toEqual(sides);
    const outcome = { by: 'local', reason: '', clean: true };
    expect(bySide(closes)).toEqual(sides.map((side) => ({ ...side, outcome, bytesRead: 5, bytesWritten: 5 })));
    const three = [...sides, { side: 'hub', ...what }];
    expect(bySide(traces)).toEqual(bySide(three).map((side) => expect.objectContaining(side) as object));
    expect(bySide(traces)[2]?.result).toBe(stream);
  });

  it('shows what a handshake came to that failed', async () => {
    const traces = traced();
    const rig = await startRig();
    await device(rig);
    const service = await rig.service();
    await expect(service.createStream(DEVICE, { name: 'ssh' })).rejects.toMatchObject({ code: 'STREAMS_STREAM_REJECTED' });
    await expect(service.createStream('elsewhere')).rejects.toMatchObject({ code: 'STREAMS_DEVICE_NOT_FOUND' });
    expect(traces.map(({ side, deviceId, name, error }) => [side, deviceId, name, error?.code])).toEqual([
      ['device', DEVICE, 'ssh', 'STREAMS_STREAM_REJECTED'],
      ['hub', DEVICE, 'ssh', 'STREAMS_STREAM_REJECTED'],
      ['service', DEVICE, 'ssh', 'STREAMS_STREAM_REJECTED'],
      ['hub', 'elsewhere', 'default', 'STREAMS_DEVICE_NOT_FOUND'],
      ['service', 'elsewhere', 'default', 'STREAMS_DEVICE_NOT_FOUND'],
    ]);
  });
});

describe('a logger', () => {
  it('is told every step at debug, and the link at info, without a secret', async () => {
    const lines: string[] = [];
    const at = (level: string) => (fields: object, message: string) => void lines.push(`${level}: ${message} ${JSON.stringify(fields)}`);
    const logger: Logger = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
    const rig = await startRig();
    const client = await rig.echoDevice({ logger });
    const service = await rig.service({ logger });
    expect(await roundTrip(await service.createStream(DEVICE), 'x')).toBe('x');
    await Promise.all([service.close(), client.close()]);
    const count = (text: string): number => lines.filter((line) => line.startsWith(text)).length;
    const steps = {
      'info: the control link is connected': 1,
      'debug: asks the hub for a stream': 1,
      'debug: a stream request has come': 1,
      'debug: accepts the stream request': 1,
      'debug: the device has accepted': 1,
      'debug: the stream is open': 2,
      'debug: the stream has ended': 2,
      'info: the control link is closed': 1,
    };
    expect(Object.fromEntries(Object.keys(steps).map((text) => [text, count(text)]))).toEqual(steps);
    expect(lines.filter((line) => /[\w+/-]{43}|sig=|Bearer/.test(line))).toEqual([]);
  });

  it('without a debug method will do; one that is none is refused by name', async () => {
    const rig = await startRig();
    await rig.echoDevice({ logger: MUTE });
    const connectionString = await rig.hub.serviceConnectionString();
    const make = (logger: object): ServiceClient => ServiceClient.fromConnectionString(connectionString, { logger: logger as Logger });
    expect(() => make({ info: () => undefined, log: () => undefined })).toThrow(
      expect.objectContaining({
        code: 'STREAMS_INVALID_ARGUMENT',
        message: expect.stringContaining('logger: it has no method warn') as string,
      }) as Error,
    );
    await make(console).close();
  });
});
