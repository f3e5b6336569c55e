// leakCheck: sees sockets, servers, timers; takes what goes away in time for gone.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { leakCheck } from '../src/index.ts';

describe('leakCheck', () => {
  it('is content where nothing was opened', async () => {
    await leakCheck().settled(0);
  });

  it('names the server and the sockets that are left', async () => {
    const check = leakCheck();
    const server = createServer((socket) => socket.pause()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const accepted = once(server, 'connection');
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    await accepted;
    await expect(check.settled(30)).rejects.toThrow(/^left open: (?=.*2 x TCPSocketWrap)(?=.*1 x TCPServerWrap)/);
    socket.destroy();
    server.close();
    await check.settled();
  });

  it('names timers, and waits for those that fire in time', async () => {
    const check = leakCheck();
    const timers = Array.from({ length: 9 }, () => setTimeout(() => undefined, 60_000));
    // The test runner's own timers come and go meanwhile.
    await expect(check.settled(30)).rejects.toThrow(/left open: [5-9] x Timeout/);
    for (const timer of timers) clearTimeout(timer);
    setTimeout(() => undefined, 50);
    await check.settled();
  });

  it('sees a child process', async () => {
    const check = leakCheck();
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
    await expect(check.settled(30)).rejects.toThrow('left open: 1 x ProcessWrap');
    child.kill();
    await check.settled();
  });
});
