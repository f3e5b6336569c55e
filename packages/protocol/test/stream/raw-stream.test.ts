// `raw` streams, beyond what the compliance suite asks: which closes are ends, and the messages of the WebSocket below.
import { describe, expect, it } from 'vitest';
import { HalfStream } from '../support/half-stream.ts';

const MIB = 1_048_576;

/** The messages that a consumer got, and how its loop ended. */
function consume(half: HalfStream): { messages: (Uint8Array | string)[]; done: Promise<unknown> } {
  const messages: (Uint8Array | string)[] = [];
  const loop = async (): Promise<void> => {
    for await (const message of half.stream.webSocket.messages()) messages.push(message);
  };
  return { messages, done: loop().catch((error: unknown) => error) };
}

describe('the end of a raw stream', () => {
  it.each([1000, 1005])('is clean with %i from the peer, and ends our direction too', async (code) => {
    const half = new HalfStream('raw').reading();
    half.stream.resume();
    half.peer.send(Buffer.from('last'));
    half.peer.close(code);
    expect(await half.outcome()).toEqual({ by: 'local', reason: '', clean: true });
    expect(half.events).toEqual(['end', 'finish', 'close']);
    expect(half.stream.bytesRead).toBe(4);
  });

  it.each([1001, 1006, 1011, 4410])('is an error with %i', async (code) => {
    const half = new HalfStream('raw').reading();
    half.stream.resume();
    half.peer.close(code);
    expect(await half.outcome()).toMatchObject({ clean: false });
    expect(half.errors).toMatchObject([{ code: 'STREAMS_STREAM_TERMINATED', closeCode: code }]);
  });

  it('is an error if the peer closes while we have something to say', async () => {
    const half = new HalfStream('raw');
    half.stream.resume();
    half.stream.write(Buffer.alloc(MIB));
    half.peer.close(1000);
    expect(await half.outcome()).toEqual({ by: 'peer', reason: '', clean: false });
  });

  it('of our own is a close with 1000 behind all data, and finishes when the peer has answered', async () => {
    const half = new HalfStream('raw');
    half.stream.resume();
    half.stream.end('hello');
    await half.turns();
    expect(half.events).toEqual([]);
    half.reading();
    expect(await half.outcome()).toEqual({ by: 'local', reason: '', clean: true });
    expect(half.received.map(String)).toEqual(['hello']);
    expect(await half.peerEnd).toMatchObject({ code: 1000 });
  });

  it('is 1003 if text comes and nobody wants messages', async () => {
    const half = new HalfStream('raw').reading();
    half.peer.send('text');
    expect(await half.outcome()).toMatchObject({ by: 'peer', clean: false });
    expect(await half.peerEnd).toMatchObject({ code: 1003 });
  });
});

describe('webSocket', () => {
  it('says which protocol the stream has', () => {
    expect(new HalfStream('raw').stream.webSocket).toMatchObject({ protocol: 'raw', bufferedBytes: 0 });
    expect(new HalfStream().stream.webSocket.protocol).toBe('streams.v1');
  });

  it('gives messages as they were, text too, and ends with the stream', async () => {
    const half = new HalfStream('raw').reading();
    const { messages, done } = consume(half);
    await half.turns();
    for (const message of ['text', Buffer.of(1, 2), '', Buffer.of()]) half.peer.send(message);
    half.peer.close(1000);
    expect(await done).toBeUndefined();
    expect(messages).toEqual(['text', Buffer.of(1, 2), '', Buffer.of()]);
    expect(await half.outcome()).toMatchObject({ clean: true });
  });

  it('throws out of the loop if the stream is cut', async () => {
    const half = new HalfStream('raw').reading();
    const { messages, done } = consume(half);
    await half.turns();
    half.peer.send('text');
    await half.turns();
    half.peer.terminate();
    expect(await done).toMatchObject({ code: 'STREAMS_STREAM_TERMINATED', by: 'network' });
    expect(messages).toEqual(['text']);
  });

  it('stops the writer while the loop is busy', async () => {
    const half = new HalfStream('raw').reading();
    const reader = half.stream.webSocket.messages();
    const first = reader.next();
    for (let index = 0; index < 64; index += 1) half.peer.send(Buffer.alloc(65_536, index));
    await first;
    await half.turns(40);
    expect(half.peer.bufferedBytes).toBeGreaterThan(3 * MIB);
    let count = 1;
    for await (const message of reader) {
      expect((message as Buffer)[0]).toBe(count);
      count += 1;
      if (count === 64) half.peer.close(1000);
    }
    expect(count).toBe(64);
  });

  it('destroys the stream if the loop is left early', async () => {
    const half = new HalfStream('raw').reading();
    half.peer.send('one');
    for await (const message of half.stream.webSocket.messages()) {
      expect(message).toBe('one');
      break;
    }
    expect(await half.peerEnd).toMatchObject({ code: 4400 });
  });

  it('sends messages as they are', async () => {
    const half = new HalfStream('raw').reading();
    const bytes = Buffer.of(1);
    await half.stream.webSocket.send('text');
    await half.stream.webSocket.send(bytes);
    bytes[0] = 9;
    await half.turns();
    expect(half.received).toEqual(['text', Buffer.of(1)]);
  });

  it('waits for room, and for nothing once the stream has ended', async () => {
    const half = new HalfStream('raw');
    let sent = 0;
    const sending = (async () => {
      for (; sent < 64; sent += 1) await half.stream.webSocket.send(Buffer.alloc(65_536));
    })().catch((error: unknown) => error);
    await half.turns();
    expect(sent).toBeLessThan(6);
    half.stream.destroy();
    await half.clock.advance(1_000);
    expect(await sending).toMatchObject({ code: 'STREAMS_INVALID_STATE' });
  });

  it.each([
    ['a streams.v1 stream has no messages', 'streams.v1', 'text', 'STREAMS_INVALID_STATE'],
    ['a message beyond 256 KiB is refused', 'raw', 'x'.repeat(262_145), 'STREAMS_TOO_LARGE'],
  ])('%s', async (_title, protocol, message, code) => {
    const { webSocket } = new HalfStream(protocol).stream;
    await expect(webSocket.send(message)).rejects.toMatchObject({ code });
    if (protocol !== 'raw') await expect(webSocket.messages().next()).rejects.toMatchObject({ code });
  });
});
