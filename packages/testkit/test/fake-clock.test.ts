// FakeClock: timers fire in order, each at its own time; sockets live on meanwhile; the wall clock can jump.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../src/index.ts';
import { block } from '../src/real-time.ts';

describe('FakeClock', () => {
  it('fires what falls due, in order, at its own time', async () => {
    const clock = new FakeClock();
    const fired: [string, number][] = [];
    const note = (name: string) => () => fired.push([name, clock.monotonicMs()]);
    clock.after(30, note('thirty'));
    clock.after(10, note('ten'));
    clock.every(20, note('every'));
    clock.after(41, note('too late'));
    await clock.advance(40);
    expect(fired).toEqual([
      ['ten', 10],
      ['every', 20],
      ['thirty', 30],
      ['every', 40],
    ]);
    expect(clock.monotonicMs()).toBe(40);
  });

  it('fires timers that are set by timers within the same advance', async () => {
    const clock = new FakeClock();
    const fired: number[] = [];
    const again = (): void => {
      fired.push(clock.monotonicMs());
      clock.after(10, again);
    };
    clock.after(10, again);
    await clock.advance(35);
    expect(fired).toEqual([10, 20, 30]);
  });

  it('lets promises and immediates run between two timers', async () => {
    const clock = new FakeClock();
    const order: string[] = [];
    clock.after(1, () => setImmediate(() => order.push('immediate of the first')));
    clock.after(2, () => order.push('second'));
    await clock.advance(2);
    expect(order).toEqual(['immediate of the first', 'second']);
  });

  it('cancels, and counts what is left', async () => {
    const clock = new FakeClock();
    const cancel = clock.after(10, () => expect.unreachable());
    const stop = clock.every(10, () => undefined);
    clock.after(5, () => undefined);
    expect(clock.pendingTimers).toBe(3);
    cancel();
    cancel();
    await clock.advance(20);
    expect(clock.pendingTimers).toBe(1);
    stop();
    expect(clock.pendingTimers).toBe(0);
  });

  it('moves the wall clock alone on a jump', async () => {
    const clock = new FakeClock(1_000_000);
    clock.after(10, () => expect.unreachable());
    clock.jumpWall(3_600_000);
    expect([clock.wallMs(), clock.monotonicMs()]).toEqual([4_600_000, 0]);
    await clock.advance(5);
    expect([clock.wallMs(), clock.monotonicMs()]).toEqual([4_600_005, 5]);
  });

  it('divides the time where steps are asked for', async () => {
    const clock = new FakeClock();
    const seen = new Set<number>();
    let done = false;
    const watch = (): void => {
      seen.add(clock.monotonicMs());
      if (!done) setImmediate(watch);
    };
    watch();
    await clock.advance(100, { stepMs: 25, realMs: 1 });
    done = true;
    expect([...seen]).toEqual([0, 25, 50, 75, 100]);
  });

  it('passes an error of a timer on, and refuses to advance twice at once', async () => {
    const clock = new FakeClock();
    clock.after(1, () => {
      throw new Error('from a timer');
    });
    const first = clock.advance(10);
    await expect(clock.advance(10)).rejects.toThrow('advancing already');
    await expect(first).rejects.toThrow('from a timer');
    await clock.advance(10);
    expect(clock.monotonicMs()).toBe(11);
  });

  it('refuses delays that Node would not wait for', () => {
    const clock = new FakeClock();
    for (const delay of [2 ** 31, Infinity, Number.NaN]) {
      expect(() => clock.after(delay, () => undefined)).toThrow(RangeError);
    }
  });

  it('takes ten minutes of one message a second over a real socket', async () => {
    const clock = new FakeClock();
    const server = createServer((socket) => socket.pipe(socket)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    await once(socket, 'connect');
    let echoes = 0;
    let lastMs = 0;
    let longestMs = 0;
    socket.setNoDelay(true).on('data', () => {
      echoes += 1;
      longestMs = Math.max(longestMs, clock.monotonicMs() - lastMs);
      lastMs = clock.monotonicMs();
    });
    clock.every(1_000, () => socket.write('x'));
    await clock.advance(600_000);
    socket.destroy();
    server.close();
    expect(echoes).toBe(600);
    expect(longestMs).toBe(1_000);
  });

  it('waits for sockets that take long for their answers', async () => {
    const clock = new FakeClock();
    const answer = (socket: Socket, data: Buffer): void => {
      block(2);
      socket.write(data);
    };
    const server = createServer((socket) => socket.on('data', (data) => answer(socket, data))).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    await once(socket, 'connect');
    let answers = 0;
    // More of them than come in one wait of a millisecond and the turns after it.
    socket.on('data', (data) => {
      answers += 1;
      if (answers < 6) answer(socket, data);
    });
    socket.write('x');
    await clock.advance(100, { realMs: 1 });
    socket.destroy();
    server.close();
    expect(answers).toBe(6);
  });
});
