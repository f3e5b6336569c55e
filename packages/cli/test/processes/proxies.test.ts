// `device proxy` and `proxy` end to end: the built program as child processes, a hub that comes and goes, real sockets at both ends.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { rename, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { leakCheck } from '@streams/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Home, type Running } from '../support/command.ts';

const leaks = leakCheck();
let home: Home;
let hub: Running;
let hubPort: string;
let serviceString: string;
/** What the services of the devices are: it sends back what it gets, and ends when it has it all. */
let echo: Server;
let echoTarget: string;

beforeAll(async () => {
  home = await Home.make();
  await startHub('0');
  echo = createServer({ allowHalfOpen: true }, (socket) => socket.on('error', () => undefined).pipe(socket)).listen(0, '127.0.0.1');
  await once(echo, 'listening');
  echoTarget = `127.0.0.1:${(echo.address() as AddressInfo).port}`;
});
afterAll(async () => {
  echo.close();
  await home.remove();
  await leaks.settled();
});

async function startHub(port: string): Promise<void> {
  hub = home.start(['hub', 'start', '--port', port, '--listen', '127.0.0.1']);
  serviceString = (await hub.prints(/^service: .*STREAMS_CONNECTION_STRING='(.+)' streams echo/m))[1] ?? '';
  hubPort = /HostName=127\.0\.0\.1:(\d+)/.exec(serviceString)?.[1] ?? '';
}

async function createDevice(deviceId: string): Promise<string> {
  return (await home.run(['devices', 'create', deviceId])).stdout.trim();
}

/** Starts both proxies; gives the local port of each name. */
async function startProxy(deviceId: string, ...names: string[]): Promise<{ proxy: Running; port: (name: string) => number }> {
  const proxy = home.start(['proxy', deviceId, ...names.flatMap((name) => ['--forward', `0:${name}`])], serviceString);
  const found = new Map<string, number>();
  for (const name of names) found.set(name, Number((await proxy.prints(new RegExp(`^${name}: 127\\.0\\.0\\.1:(\\d+)$`, 'm')))[1]));
  return { proxy, port: (name) => found.get(name) ?? 0 };
}

async function dial(port: number): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true }).on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

/** What came back until the end, or the code of the error. */
async function exchange(port: number, bytes: Buffer): Promise<Buffer | string> {
  const socket = await dial(port);
  socket.end(bytes);
  try {
    return Buffer.concat(await socket.toArray());
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'error';
  }
}

// On a busy machine the hub is away for so long that the device, by its back-off, waits up to 8 s for its next attempt, twice.
it('wait for a hub that is not there yet, carry every byte, say what failed, and outlive its restart', { timeout: 60_000 }, async () => {
  const deviceString = await createDevice('pump-7');
  await hub.stop();
  const device = home.start(['device', 'proxy', '--service', `tcp=${echoTarget}`, '--service', 'dead=127.0.0.1:1'], deviceString);
  await device.says(/^pump-7 is not connected: .*; tries again in \d+\.\d s \(code=STREAMS_CONNECT_FAILED\)$/m);
  expect(device.stdout).toBe(`pump-7 offers tcp (${echoTarget}), dead (127.0.0.1:1)\n`);
  const { proxy, port } = await startProxy('pump-7', 'tcp', 'dead');
  expect(await exchange(port('tcp'), Buffer.from('x'))).toBe('ECONNRESET');
  await proxy.says(/^no connection to tcp of pump-7: the hub cannot be reached: /m);

  await startHub(hubPort);
  await device.prints(/^pump-7 is connected\n/m);
  const bytes = randomBytes(300_000);
  const both = await Promise.all([exchange(port('tcp'), bytes), exchange(port('tcp'), bytes)]);
  expect(both.map((back) => bytes.equals(back as Buffer))).toEqual([true, true]);
  await device.says(/^a stream to tcp has opened \(streamId=\S{22} policy=service target=\S+\)$/m);
  await device.says(/^a stream to tcp has ended \(.*policy=service durationMs=\d+ bytesRead=300000 bytesWritten=300000 clean=true\)$/m);
  expect(await exchange(port('dead'), Buffer.from('x'))).toBe('ECONNRESET');
  await proxy.says(/^no connection to dead of pump-7: connection refused on the device/m);

  await hub.stop();
  await startHub(hubPort);
  await device.prints(/is connected\n(?:.*\n)*pump-7 is connected\n/);
  expect(bytes.equals((await exchange(port('tcp'), bytes)) as Buffer)).toBe(true);

  // A stream that is open does not hold the end up.
  const open = await dial(port('tcp'));
  open.write('x');
  await once(open, 'data');
  expect(await device.stop('SIGTERM')).toMatchObject({ code: 0 });
  await proxy.says(/^a connection to tcp of pump-7 was cut: .*the proxy of the device was closed/m);
  expect(await proxy.stop('SIGINT')).toMatchObject({ code: 0 });
});

describe('device proxy --config', () => {
  it('takes what changes without dropping a stream, and of a broken file nothing', async () => {
    const deviceString = await createDevice('pump-8');
    const file = join(home.directory, 'services.json');
    const put = async (content: unknown): Promise<void> => {
      await writeFile(`${file}~`, typeof content === 'string' ? content : JSON.stringify(content));
      await rename(`${file}~`, file);
    };
    await put({ services: { first: echoTarget } });
    const device = home.start(['device', 'proxy', '--config', file, '--json'], deviceString);
    await device.prints(/^\{"deviceId":"pump-8","connected":true\}$/m);
    const { port } = await startProxy('pump-8', 'first', 'second');
    const held = await dial(port('first'));
    held.write('a');
    await once(held, 'data');

    await put({ services: { second: { target: echoTarget, maxStreams: 2 } } });
    await device.says(/was read again: second \(/);
    expect(String(await exchange(port('second'), Buffer.from('hello')))).toBe('hello');
    expect(await exchange(port('first'), Buffer.from('hello'))).toBe('ECONNRESET');

    await put({ services: { second: { target: echoTarget, maxStream: 2 } } });
    await device.says(/services\.json: services\.second\.maxStream: there is no such field; .*the services stay as they were/);
    await put({ services: { second: { target: 'nowhere' } } });
    await device.says(/services\.json: services\.second\.target: expected host:port; /);
    await put('{"services":');
    await device.says(/services\.json: is no JSON: .*; the services stay as they were/);
    expect(String(await exchange(port('second'), Buffer.from('again')))).toBe('again');

    await put({ services: { first: echoTarget }, hideServices: true });
    await device.says(/was read again: first \(/);
    const before = device.stderr.length;
    device.child.kill('SIGHUP');
    while (!device.stderr.slice(before).includes('was read again: first (')) await once(device.child.stderr!, 'data');
    held.write('b');
    expect(String(await once(held, 'data'))).toBe('b');
    held.destroy();
    expect(await device.stop()).toMatchObject({ code: 0 });
    const records = device.stderr
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(records).toContainEqual(
      expect.objectContaining({
        level: 30,
        time: expect.any(String),
        msg: 'a stream to second has ended',
        policy: 'service',
        bytesRead: 5,
      }),
    );
  });
});

describe('mistakes', () => {
  it('each is one line that says what to do', async () => {
    const deviceString = await createDevice('pump-9');
    const file = join(home.directory, 'broken.json');
    await writeFile(file, '{ "services": { "ssh": "127.0.0.1" } }');
    const taken = String((echo.address() as AddressInfo).port);
    const wrongKey = deviceString.replace(/SharedAccessKey=[^;]+/, `SharedAccessKey=${Buffer.alloc(32).toString('base64')}`);
    const cases: [args: string[], connectionString: string, code: number, says: RegExp][] = [
      [['device', 'proxy', '--service', `tcp=${echoTarget}`], wrongKey, 77, /UNAUTHENTICATED: .*check the key and the clock$/],
      [['device', 'proxy'], deviceString, 64, /which services\? For example --service ssh=127\.0\.0\.1:22, or --config FILE$/],
      [['device', 'proxy', '--service', 'ssh'], deviceString, 64, /expected name=host:port, such as ssh=127\.0\.0\.1:22/],
      [['device', 'proxy', '--service', 'ssh=127.0.0.1'], deviceString, 64, /services\.ssh: expected host:port$/],
      [['device', 'proxy', '--service', 'a=b:1', '--service', 'a=b:2'], deviceString, 64, /there are two services a;/],
      [['device', 'proxy', '--config', file], deviceString, 64, /broken\.json: services\.ssh: expected host:port$/],
      [['device', 'proxy', '--config', `${file}x`], deviceString, 64, /broken\.jsonx: cannot be read \(ENOENT\)$/],
      [['device', 'proxy', '--config', file, '--service', 'a=b:1'], deviceString, 64, /--config.*cannot be used with.*--service/],
      [['proxy', 'pump-9'], serviceString, 64, /required option '--forward/],
      [['proxy', 'pump-9', '--forward', 'ssh:2222'], serviceString, 64, /expected port:service .*such as 2222:ssh/],
      [
        ['proxy', 'pump-9', '--forward', `${taken}:ssh`],
        serviceString,
        64,
        new RegExp(`port ${taken} of 127.* EADDRINUSE; choose another`),
      ],
      [['proxy', 'pump-9', '--forward', '0:ssh', '--bind', '192.0.2.1'], serviceString, 64, /--bind takes an address of this machine$/],
    ];
    const ended = await Promise.all(cases.map(([args, connectionString]) => home.run(args, connectionString)));
    for (const [index, [args, , code, says]] of cases.entries()) {
      const { code: actual, stderr = '', stdout } = ended[index] ?? {};
      expect([args, actual]).toEqual([args, code]);
      expect(stderr).toMatch(/^streams: [^\n]*\n$/);
      expect(stderr.trimEnd()).toMatch(says);
      if (code === 64) expect(stdout).toBe('');
    }
  });
});
