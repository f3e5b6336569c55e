// The device proxy: what it lets through, what it refuses and in which words, its limits, and what it logs.
import { once } from 'node:events';
import { createDeviceProxy, type DeviceProxyOptions, type DeviceProxyService, StreamsError } from '@streams/device';
import { StreamRejectedError } from '@streams/service';
import { freePort } from '@streams/testkit';
import { describe, expect, it } from 'vitest';
import { isForbidden } from '../../src/proxy/forbidden-addresses.ts';
import { DEVICE, expectNoLeaks, startRig, until } from '../support/rig.ts';
import { accepting, echoServer, endOf, startTunnel, type Tunnel, textOf } from '../support/tunnel.ts';

expectNoLeaks();

/** What the service is told of a stream that it cannot have. */
async function reasonFor({ service }: Tunnel, name: string): Promise<string> {
  const error: unknown = await service.createStream(DEVICE, { name }).catch((error: unknown) => error);
  expect(error).toBeInstanceOf(StreamRejectedError);
  return (error as StreamRejectedError).reason;
}

describe('refusals', () => {
  it('a target that refuses: the service hears why, and its client gets a reset', async () => {
    const tunnel = await startTunnel(`127.0.0.1:${await freePort()}`);
    expect(await endOf(await tunnel.dial())).toBe('ECONNRESET');
    expect(tunnel.serviceLog.at(-1)?.message).toBe('no connection to tcp of pump-7: connection refused on the device');
    expect(await reasonFor(tunnel, 'tcp')).toBe('connection refused on the device');
    expect(tunnel.deviceLog.at(-1)?.fields).toMatchObject({ name: 'tcp', policy: 'test', err: { code: 'ECONNREFUSED' } });
  });

  it('B8 a name that is not in the list is told those that are, unless they are hidden', async () => {
    const services = { ssh: '127.0.0.1:22', web: '127.0.0.1:80' };
    const tunnel = await startTunnel('', { services });
    expect(await reasonFor(tunnel, 'redis')).toBe('no service redis here; there are: ssh, web');
    expect(await reasonFor(tunnel, '127.0.0.1:22')).toMatch(/^no service 127\.0\.0\.1:22 here/);
    expect(await reasonFor(tunnel, 'constructor')).toMatch(/^no service constructor here/);
    tunnel.deviceProxy.update({ services, hideServices: true });
    expect(await reasonFor(tunnel, 'redis')).toBe('no service redis here');
  });

  it('a policy that is not among those of the service', async () => {
    const { target } = await echoServer();
    const services = (policy: string): DeviceProxyOptions['services'] => ({ tcp: { target, policies: [policy] } });
    const tunnel = await startTunnel('', { services: services('other') });
    expect(await reasonFor(tunnel, 'tcp')).toBe('service tcp is not for policy test');
    tunnel.deviceProxy.update({ services: services('other'), hideServices: true });
    expect(await reasonFor(tunnel, 'tcp')).toBe('no service tcp here');
    tunnel.deviceProxy.update({ services: services('test') });
    const socket = await tunnel.dial();
    socket.end('in');
    expect(await textOf(socket)).toBe('in');
  });

  it('B8 a name that leads to a metadata service is refused, one that leads elsewhere as well goes there', async () => {
    const { target } = await echoServer();
    const port = target.split(':').at(-1);
    let addresses = ['169.254.169.254'];
    const lookup = async (): Promise<{ address: string; family: number }[]> =>
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
    const tunnel = await startTunnel(`device.invalid:${port}`, { lookup });
    for (addresses of [['169.254.169.254'], ['fe80::1'], ['fd00:ec2::254'], ['::ffff:169.254.169.254'], ['fe80::1%eth0']]) {
      expect(await reasonFor(tunnel, 'tcp')).toBe('address not allowed on the device');
    }
    addresses = ['169.254.169.254', '127.0.0.1'];
    const socket = await tunnel.dial();
    socket.end('safe');
    expect(await textOf(socket)).toBe('safe');
  });

  it('a target that never answers, after ten seconds', async () => {
    const tunnel = await startTunnel('device.invalid:1', { lookup: () => new Promise(() => undefined) });
    const reason = reasonFor(tunnel, 'tcp');
    expect(await tunnel.rig.passUntil(reason, 1_000)).toBe('no answer on the device within 10000 ms');
  });

  it("this process's own inspector is found by its port", async () => {
    const inspector = await import('node:inspector');
    const port = await freePort();
    inspector.open(port, '127.0.0.1', false);
    try {
      expect([
        isForbidden('127.0.0.1', port),
        isForbidden('::1', port),
        isForbidden('127.0.0.1', 1),
        isForbidden('10.0.0.1', port),
      ]).toEqual([true, true, false, false]);
    } finally {
      inspector.close();
    }
  });
});

describe('limits', () => {
  it('maxStreams: one more is refused, until one has ended', async () => {
    const tunnel = await startTunnel({ target: (await echoServer()).target, maxStreams: 1 });
    const first = await tunnel.dial();
    first.write('x');
    await once(first, 'data');
    expect(await reasonFor(tunnel, 'tcp')).toBe('service tcp has its 1 streams already');
    expect(tunnel.deviceProxy.openStreams).toBe(1);
    first.end();
    await until('it has ended', () => tunnel.deviceProxy.openStreams === 0);
    const second = await tunnel.dial();
    second.end('y');
    expect(await textOf(second)).toBe('y');
  });

  it('maxBytes: no byte beyond it passes, and both sides get a reset', async () => {
    const { target, next } = await accepting();
    const tunnel = await startTunnel({ target, maxBytes: 10 });
    const client = await tunnel.dial();
    const server = await next();
    client.write('0123456789');
    expect(String((await once(server, 'data'))[0])).toBe('0123456789');
    const ends = [endOf(client), endOf(server)];
    server.write('!');
    expect(await Promise.all(ends)).toEqual(['ECONNRESET', 'ECONNRESET']);
    await until('the log', () => tunnel.deviceLog.length === 2);
    expect(tunnel.deviceLog.at(-1)?.fields).toMatchObject({ clean: false, reason: 'more than 10 bytes', bytesRead: 10, bytesWritten: 0 });
  });

  it('maxTimeMs: the stream is cut when its time is over', async () => {
    const { target, next } = await accepting();
    const tunnel = await startTunnel({ target, maxTimeMs: 3_000 });
    const client = await tunnel.dial();
    const server = await next();
    client.write('x');
    await once(server, 'data');
    await tunnel.rig.clock.advance(2_999);
    expect(server.destroyed).toBe(false);
    const ends = [endOf(client), endOf(server)];
    await tunnel.rig.clock.advance(1);
    expect(await Promise.all(ends)).toEqual(['ECONNRESET', 'ECONNRESET']);
    await until('the log', () => tunnel.deviceLog.length === 2);
    expect(tunnel.deviceLog.at(-1)?.fields).toMatchObject({ reason: 'open for 3000 ms, which is its limit', durationMs: 3_000 });
  });
});

describe('life', () => {
  it('update: streams that run go on, new ones go to the new target', async () => {
    const [before, after] = [await accepting(), await echoServer()];
    const tunnel = await startTunnel(before.target);
    const running = await tunnel.dial();
    const server = await before.next();
    tunnel.deviceProxy.update({ services: { tcp: after.target } });
    const fresh = await tunnel.dial();
    fresh.end('new');
    expect(await textOf(fresh)).toBe('new');
    server.end('old');
    expect(await textOf(running)).toBe('old');
  });

  it('close cuts what runs, and what is being connected; then the client can be used anew', async () => {
    const { target, next } = await accepting();
    let lookups = 0;
    const lookup = (): Promise<never> => {
      lookups += 1;
      return new Promise(() => undefined);
    };
    const tunnel = await startTunnel('', { services: { tcp: target, slow: 'device.invalid:1' }, lookup });
    const client = await tunnel.dial();
    const server = await next();
    await until('it runs', () => tunnel.deviceProxy.openStreams === 1);
    const refused = reasonFor(tunnel, 'slow');
    await until('it is being connected', () => lookups === 1);
    const ends = [endOf(client), endOf(server)];
    await tunnel.deviceProxy.close();
    expect(tunnel.deviceProxy.openStreams).toBe(0);
    expect(await Promise.all(ends)).toEqual(['ECONNRESET', 'ECONNRESET']);
    expect(await refused).toBe('the proxy of the device was closed');
    await using again = createDeviceProxy(tunnel.device, { services: { tcp: target } });
    expect(again.openStreams).toBe(0);
  });

  it.each<[unknown, string]>([
    [undefined, 'services: expected an object'],
    [{ ssh: '22' }, 'services.ssh: expected host:port'],
    [{ ssh: '' }, 'services.ssh: expected host:port'],
    [{ ssh: 'host:0' }, 'services.ssh: expected host:port with a port'],
    [{ ssh: 'host:65536' }, 'services.ssh: expected host:port with a port'],
    [{ ssh: '::1:22' }, 'services.ssh: expected host:port'],
    [{ ssh: 'user@host:22' }, 'services.ssh: expected host:port'],
    [{ ssh: {} }, 'services.ssh.target: expected host:port'],
    [{ 'a b': 'host:22' }, 'services.a b: expected a stream name'],
    [{ ssh: { target: '[::1]:22', maxTimeMs: 0 } }, 'services.ssh.maxTimeMs: expected a whole number'],
    [{ ssh: { target: 'h:22', maxBytes: 1.5 } }, 'services.ssh.maxBytes: expected a whole number'],
    [{ ssh: { target: 'h:22', maxStreams: '1' } }, 'services.ssh.maxStreams: expected a whole number'],
    [{ ssh: { target: 'h:22', policies: 'test' } }, 'services.ssh.policies: expected an array'],
  ])('%j: %s', async (services, message) => {
    const device = await (await startRig()).device();
    const make = (): unknown => createDeviceProxy(device, { services: services as Record<string, DeviceProxyService> });
    expect(make).toThrow(message);
    expect(make).toThrow(StreamsError);
    expect(make).toThrow(expect.objectContaining({ code: 'STREAMS_INVALID_ARGUMENT', details: { field: message.split(':')[0] } }));
  });
});
