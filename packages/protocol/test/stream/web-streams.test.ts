// A stream as WHATWG streams: what pipes, readers and writers of the web may expect of it.
import { CompressionStream, DecompressionStream, type ReadableStream } from 'node:stream/web';
import { FakeClock } from '@streams/testkit';
import { describe, expect, it } from 'vitest';
import { memoryLegPair } from '../../src/leg/memory-leg.ts';
import { DeviceStream } from '../../src/stream/device-stream.ts';
import { eventually } from '../support/eventually.ts';
import { HalfStream } from '../support/half-stream.ts';

/** Both sides of one stream. */
function pair(): [DeviceStream, DeviceStream] {
  const clock = new FakeClock();
  const info = { id: 'an id', name: 'echo', deviceId: 'pump-7' };
  const [a, b] = memoryLegPair(clock);
  return [new DeviceStream(a, info, clock), new DeviceStream(b, info, clock)];
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (readable: ReadableStream<Uint8Array>): Promise<string> => new Response(readable).text();
const terminated = (more: object): object => expect.objectContaining({ code: 'STREAMS_STREAM_TERMINATED', ...more }) as object;

/** Some MiB in which no two places look alike. */
function pattern(length: number): Buffer {
  const words = Buffer.alloc(length);
  for (let at = 0; at < length; at += 4) words.writeUInt32LE((Math.imul(at, 2_654_435_761) ^ at) >>> 0, at);
  return words;
}

describe('the pair', () => {
  it('is the same each time', () => {
    const [a] = pair();
    expect(a.web()).toBe(a.web());
    a.destroy();
  });

  it('carries bytes to their end, and closes the stream', async () => {
    const [a, b] = pair();
    b.pipe(b);
    const { readable, writable } = a.web();
    const writer = writable.getWriter();
    const view = new Uint16Array(bytes('..four..').buffer, 2, 2);
    for (const chunk of [bytes('one '), bytes('two').buffer as ArrayBuffer, new Uint8Array(), view]) await writer.write(chunk);
    const [text] = await Promise.all([textOf(readable), writer.close()]);
    expect(text).toBe('one twofour');
    await expect(a.outcome).resolves.toEqual({ by: 'local', reason: '', clean: true });
  });

  it('goes through pipeThrough and pipeTo, byte for byte', async () => {
    const [a, b] = pair();
    const payload = pattern(3 * 2 ** 20 + 4);
    const compressed = new Response(payload).body as unknown as ReadableStream<Uint8Array>;
    const sent = compressed.pipeThrough(new CompressionStream('gzip')).pipeTo(a.web().writable);
    const echoed = b.web().readable.pipeTo(b.web().writable);
    const received = new Response(a.web().readable.pipeThrough(new DecompressionStream('gzip'))).arrayBuffer();
    expect(Buffer.from(await received).equals(payload)).toBe(true);
    await Promise.all([sent, echoed]);
    expect(await Promise.all([a.outcome, b.outcome])).toMatchObject([{ clean: true }, { clean: true }]);
  });
});

describe('closing the writable', () => {
  it('is a half-close, done before the other side has ended', async () => {
    const [a, b] = pair();
    const { readable, writable } = a.web();
    const question = b.toArray();
    const writer = writable.getWriter();
    void writer.write(bytes('is anybody there?'));
    await writer.close();
    expect((await question).join('')).toBe('is anybody there?');
    expect(a.destroyed).toBe(false);
    b.end('yes');
    expect(await textOf(readable)).toBe('yes');
  });

  it('fails where the stream is cut before all was sent', async () => {
    const half = new HalfStream();
    const writer = half.stream.web().writable.getWriter();
    const closed = writer.close();
    half.peer.terminate();
    await expect(closed).rejects.toEqual(terminated({ by: 'network' }));
    await expect(writer.closed).rejects.toEqual(terminated({ by: 'network' }));
  });
});

describe('back-pressure', () => {
  it('reaches the writer from a reader that stops, and ends when it reads on', async () => {
    const [a, b] = pair();
    const writer = a.web().writable.getWriter();
    const chunk = pattern(65_536);
    let written = 0;
    const writing = (async () => {
      for (; written < 64; written += 1) await writer.write(chunk);
      await writer.close();
    })();
    let before = -1;
    await eventually(() => [before, (before = written)]).toSatisfy(([then, now]) => then === now && now > 0);
    expect(written).toBeLessThan(16);
    const received = await new Response(b.web().readable).arrayBuffer();
    await writing;
    expect(Buffer.from(received).equals(Buffer.concat(Array.from({ length: 64 }, () => chunk)))).toBe(true);
    b.end();
  });

  it('holds nothing outside the Duplex', async () => {
    const half = new HalfStream();
    const reader = half.stream.web().readable.getReader();
    half.sendData('one');
    half.sendData('two');
    await half.turns();
    expect(half.stream.readableLength).toBe(6);
    // Node up to 24 joins what waits, Node 26 gives it piece by piece.
    let text = '';
    while (text.length < 6) text += Buffer.from((await reader.read()).value ?? []).toString();
    expect(text).toBe('onetwo');
    half.stream.destroy();
  });
});

describe('what is read', () => {
  it('owns its memory: who takes one chunk away harms no other', async () => {
    const half = new HalfStream();
    const shared = Buffer.from('\0one\0two');
    const reader = half.stream.web().readable.getReader();
    half.peer.send(shared.subarray(0, 4));
    const { value: one } = await reader.read();
    half.peer.send(shared.subarray(4));
    structuredClone(one, { transfer: [one?.buffer as ArrayBuffer] });
    expect(one?.byteLength).toBe(0);
    expect(Buffer.from((await reader.read()).value ?? []).toString()).toBe('two');
    half.stream.destroy();
  });

  it('can be read into lent memory, which comes back at the end', async () => {
    const half = new HalfStream();
    const reader = half.stream.web().readable.getReader({ mode: 'byob' });
    half.sendData('hello');
    const first = await reader.read(new Uint8Array(3));
    const second = await reader.read(new Uint8Array(3));
    expect(Buffer.concat([first.value as Uint8Array, second.value as Uint8Array]).toString()).toBe('hello');
    const last = reader.read(new Uint8Array(3));
    half.sendFin();
    expect(await last).toMatchObject({ done: true, value: { byteLength: 0 } });
    half.stream.destroy();
  });

  it('is known to have ended where nobody reads', async () => {
    const half = new HalfStream();
    const reader = half.stream.web().readable.getReader();
    half.sendFin();
    await reader.closed;
    expect(half.stream.destroyed).toBe(false);
    half.stream.destroy();
  });
});

describe('an end that was not asked for', () => {
  it.each(['reading', 'not reading'])('reaches both halves with its reason, %s', async (what) => {
    const half = new HalfStream().reading();
    const { readable, writable } = half.stream.web();
    const [reader, writer] = [readable.getReader(), writable.getWriter()];
    const read = what === 'reading' ? reader.read() : reader.closed;
    half.peer.close(4400, 'out of paper');
    await expect(read).rejects.toEqual(terminated({ by: 'peer', reason: 'out of paper' }));
    await expect(writer.closed).rejects.toEqual(terminated({ by: 'peer', reason: 'out of paper' }));
    await expect(writer.write(bytes('x'))).rejects.toEqual(terminated({ by: 'peer' }));
  });

  it('is never taken for a natural end', async () => {
    const half = new HalfStream();
    const text = textOf(half.stream.web().readable);
    half.sendData('half of some');
    half.peer.close(1000);
    await expect(text).rejects.toEqual(terminated({ bytesRead: 12 }));
  });
});

describe('cancel and abort', () => {
  it('cancel ends the stream for both sides, with the reason', async () => {
    const [a, b] = pair();
    const { readable, writable } = a.web();
    const writer = writable.getWriter();
    await readable.cancel('seen enough');
    expect(await b.outcome).toEqual({ by: 'peer', reason: 'seen enough', clean: false });
    expect(await a.outcome).toEqual({ by: 'local', reason: 'seen enough', clean: false });
    await expect(writer.closed).rejects.toEqual(terminated({ by: 'local' }));
  });

  it('cancel while a read waits', async () => {
    const [a, b] = pair();
    const reader = a.web().readable.getReader();
    const read = reader.read();
    await reader.cancel('never mind');
    expect(await read).toEqual({ done: true, value: undefined });
    expect(await b.outcome).toMatchObject({ reason: 'never mind' });
  });

  it('abort does not wait for a write that is stuck', async () => {
    const half = new HalfStream();
    const writer = half.stream.web().writable.getWriter();
    const stuck = expect(writer.write(pattern(2 ** 20))).rejects.toEqual(terminated({ by: 'local', reason: 'too slow' }));
    await half.turns();
    const aborted = writer.abort('too slow');
    await stuck;
    await aborted;
    await half.clock.advance(1_000);
    expect(await half.outcome()).toEqual({ by: 'local', reason: 'too slow', clean: false });
  });

  it('the words of an error stay here', async () => {
    const [a, b] = pair();
    const failing = a.web().readable.pipeTo(new WritableStream({ write: () => Promise.reject(new Error('EACCES: /etc/shadow')) }));
    b.write('x');
    await expect(failing).rejects.toThrow('EACCES');
    expect(await b.outcome).toEqual({ by: 'peer', reason: '', clean: false });
  });

  it('a chunk that is no bytes ends the stream', async () => {
    const [a, b] = pair();
    const writer = a.web().writable.getWriter();
    await expect(writer.write('text' as never)).rejects.toMatchObject({ code: 'STREAMS_INVALID_ARGUMENT' });
    expect(await b.outcome).toMatchObject({ by: 'peer', clean: false });
  });
});

describe('web() of a stream that is no longer whole', () => {
  it('has the half that is left', async () => {
    const [a, b] = pair();
    a.end('sent before');
    b.end('answer');
    expect((await b.toArray()).join('')).toBe('sent before');
    const { readable, writable } = a.web();
    await writable.getWriter().closed;
    expect(await textOf(readable)).toBe('answer');
    expect(await textOf(b.web().readable)).toBe('');
  });

  it('fails where it was destroyed', async () => {
    const [a] = pair();
    a.destroy();
    const { readable, writable } = a.web();
    await expect(readable.getReader().read()).rejects.toEqual(terminated({ by: 'local' }));
    await expect(writable.getWriter().write(bytes('x'))).rejects.toBeInstanceOf(Error);
  });
});
