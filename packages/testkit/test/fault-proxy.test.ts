// FaultProxy: each fault on its own, over real sockets; and nothing is left behind.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FaultProxy, leakCheck, type LeakCheck, NO_FAULTS, seededRandom } from '../src/index.ts';

const HEALED = { up: NO_FAULTS, down: NO_FAULTS };

/** One connection through a proxy: what the far end has got, and the sockets at both ends. */
interface Line {
  readonly near: Socket;
  readonly far: Socket;
  readonly got: Buffer[];
  readonly events: string[];
}

let check: LeakCheck;
let server: Server;
let proxy: FaultProxy;
const sockets: Socket[] = [];

beforeEach(async () => {
  check = leakCheck();
  server = createServer({ allowHalfOpen: true, noDelay: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  proxy = await FaultProxy.listen({ port: (server.address() as AddressInfo).port });
});

afterEach(async () => {
  await proxy.close();
  for (const socket of sockets.splice(0)) socket.destroy();
  server.close();
  await check.settled();
});

async function dial(): Promise<Line> {
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const near = connect({ port: proxy.port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
  const [far] = await accepted;
  sockets.push(near, far);
  const line: Line = { near, far, got: [], events: [] };
  far.on('data', (bytes: Buffer) => line.got.push(bytes));
  far.on('end', () => line.events.push('far end'));
  far.on('error', (error: NodeJS.ErrnoException) => line.events.push(`far ${error.code}`));
  near.on('end', () => line.events.push('near end'));
  near.on('error', (error: NodeJS.ErrnoException) => line.events.push(`near ${error.code}`));
  near.resume();
  return line;
}

function got(line: Line): string {
  return Buffer.concat(line.got).toString('latin1');
}

async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

describe('FaultProxy', () => {
  it('forwards both ways and keeps the half-close', async () => {
    const { near, far, got: received } = await dial();
    near.end('request');
    await once(far, 'end');
    expect(Buffer.concat(received).toString()).toBe('request');
    far.end('reply');
    expect(String(((await once(near, 'data')) as [Buffer])[0])).toBe('reply');
    await once(near, 'close');
    await expect.poll(() => proxy.connections).toEqual([]);
  });

  it('delays without slowing down', async () => {
    const line = await dial();
    proxy.inject({ up: { latencyMs: 60 }, down: { latencyMs: 40 } });
    const start = performance.now();
    for (let i = 0; i < 50; i += 1) {
      line.near.write(`${i},`);
      await pause(1);
    }
    const answered = once(line.near, 'data');
    await expect.poll(() => got(line), { interval: 2 }).toBe(Array.from({ length: 50 }, (_, i) => `${i},`).join(''));
    expect(performance.now() - start).toBeLessThan(50 * 60);
    const asked = performance.now();
    line.far.write('answer');
    await answered;
    expect(performance.now() - asked).toBeGreaterThanOrEqual(39);
  });

  it('keeps the order in spite of jitter', async () => {
    const line = await dial();
    proxy.inject({ up: { jitterMs: 20 } });
    const numbers = Array.from({ length: 100 }, (_, i) => `${i},`);
    for (const number of numbers) {
      line.near.write(number);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await expect.poll(() => got(line)).toBe(numbers.join(''));
  });

  it('limits the rate, until healed', async () => {
    const line = await dial();
    proxy.inject({ up: { bytesPerSecond: 200_000 } });
    const start = performance.now();
    line.near.write(Buffer.alloc(40_000));
    await expect.poll(() => got(line).length, { interval: 5 }).toBe(40_000);
    expect(performance.now() - start).toBeGreaterThan(150);
    proxy.inject(HEALED);
    const healed = performance.now();
    line.near.write(Buffer.alloc(400_000));
    await expect.poll(() => got(line).length, { interval: 5 }).toBe(440_000);
    expect(performance.now() - healed).toBeLessThan(1_000);
  });

  it('splits writes', async () => {
    const line = await dial();
    proxy.inject({ up: { splitBytes: 1 } });
    line.near.write('twenty bytes, one each'.slice(0, 20));
    await expect.poll(() => got(line)).toBe('twenty bytes, one each'.slice(0, 20));
    expect(line.got.length).toBeGreaterThan(10);
  });

  it('freezes: both sockets stay, nothing arrives, not even an end; and thaws', async () => {
    const line = await dial();
    proxy.inject({ up: { frozen: true }, down: { frozen: true } });
    line.near.end('into the ice');
    line.far.write('from the other side');
    await pause(50);
    expect([got(line), line.events]).toEqual(['', []]);
    expect([line.near.destroyed, line.far.destroyed]).toEqual([false, false]);
    proxy.inject(HEALED);
    await expect.poll(() => line.events).toEqual(['far end']);
    expect(got(line)).toBe('into the ice');
  });

  it('keeps the far socket of a client that died in the frozen state', async () => {
    const line = await dial();
    proxy.inject({ up: { frozen: true } });
    line.near.resetAndDestroy();
    await pause(50);
    expect([line.events, line.far.destroyed]).toEqual([[], false]);
    proxy.connections[0]?.reset('target');
    await expect.poll(() => line.events).toEqual(['far ECONNRESET']);
  });

  it.each([0, 1, 70_000])('cuts after %i bytes', async (bytes) => {
    const line = await dial();
    proxy.connections[0]?.inject({ up: { cutAfterBytes: bytes } });
    line.near.write(Buffer.alloc(200_000));
    await expect.poll(() => line.events.toSorted()).toEqual(['far ECONNRESET', expect.stringMatching(/^near (ECONNRESET|EPIPE)$/)]);
    expect(got(line).length).toBe(bytes);
  });

  it('corrupts one byte', async () => {
    const line = await dial();
    const sent = seededRandom(3).bytes(100_000);
    proxy.inject({ up: { corruptAfterBytes: 77_777 } });
    line.near.write(Buffer.from(sent));
    await expect.poll(() => got(line).length).toBe(sent.length);
    const received = Buffer.concat(line.got);
    expect([...sent].flatMap((byte, i) => (byte === received[i] ? [] : [i]))).toEqual([77_777]);
  });

  it('resets and ends on request, both sides or one', async () => {
    const both = await dial();
    proxy.connections[0]?.reset();
    await expect.poll(() => both.events.toSorted()).toEqual(['far ECONNRESET', 'near ECONNRESET']);
    await expect.poll(() => proxy.connections.length).toBe(0);
    const ended = await dial();
    proxy.connections[0]?.end();
    await expect.poll(() => ended.events.toSorted()).toEqual(['far end', 'near end']);
    const half = await dial();
    proxy.connections[1]?.reset('client');
    await expect.poll(() => half.events).toEqual(['near ECONNRESET']);
    expect(half.far.destroyed).toBe(false);
  });

  it('applies to one connection, or to all and those to come', async () => {
    const [first, second] = [await dial(), await dial()];
    proxy.connections[0]?.inject({ up: { frozen: true } });
    first.near.write('x');
    second.near.write('y');
    await expect.poll(() => got(second)).toBe('y');
    expect(got(first)).toBe('');
    proxy.inject({ up: { corruptAfterBytes: 0, frozen: false } });
    const third = await dial();
    third.near.write('z');
    await expect.poll(() => got(third).charCodeAt(0)).toBe('z'.charCodeAt(0) ^ 0xff);
  });

  it('passes a reset on, past bytes that the target does not take', async () => {
    const line = await dial();
    line.far.pause();
    line.near.write(Buffer.alloc(32 * 1_048_576));
    await pause(100);
    line.near.resetAndDestroy();
    // A write is the only way to see a dead connection that nobody reads.
    const probe = (): string[] => {
      if (line.far.writable) line.far.write('?');
      return line.events;
    };
    await expect.poll(probe).toEqual([expect.stringMatching(/^far (ECONNRESET|EPIPE)$/)]);
  });

  it('resets the client of a target that is not there', async () => {
    const line = await dial();
    server.close();
    const near = connect(proxy.port, '127.0.0.1');
    const [error] = (await once(near, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ECONNRESET');
    line.near.write('the old connection lives');
    await expect.poll(() => got(line)).toBe('the old connection lives');
  });
});
