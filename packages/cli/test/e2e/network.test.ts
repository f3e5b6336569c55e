// Hub, device and service in networks of their own; whoever is not the hub cannot reach the device, nor it them.
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startLogin } from './support/login.ts';
import { DEVICE_ADDRESS, HUB_ADDRESS, Networks } from './support/networks.ts';
import { hashOf, needs, type Output, run, Scratch, type Server, startServer, until } from './support/programs.ts';
import { type Sshd, startSshd, USER } from './support/sshd.ts';
import { Tunnel } from './support/tunnel.ts';

let scratch: Scratch;
let networks: Networks;
let sshd: Sshd;
let otherOfHub: Server;
let tunnel: Tunnel;
const before = { inbound: false, outbound: false };

beforeAll(async () => {
  scratch = await Scratch.make();
  networks = await Networks.make();
  sshd = await startSshd(scratch, { address: '0.0.0.0', port: 22, prefix: networks.prefix('device') });
  const [program, ...args] = [...networks.prefix('hub'), needs('/bin/nc.openbsd', 'netcat-openbsd'), '-lk', '0.0.0.0', '444'];
  otherOfHub = await startServer({ program: program ?? '', args, port: 444 });
  before.inbound = await networks.reaches('service', DEVICE_ADDRESS, 22);
  before.outbound = await networks.reaches('device', HUB_ADDRESS, 444);
  await networks.closeDevice();
  const prefixes = { hub: networks.prefix('hub'), device: networks.prefix('device'), service: networks.prefix('service') };
  tunnel = await Tunnel.start({ services: { ssh: '127.0.0.1:22' }, hub: { address: HUB_ADDRESS, port: 443 }, prefixes });
});
afterAll(async () => {
  await tunnel?.stop();
  await otherOfHub?.stop();
  await sshd?.stop();
  await networks?.remove();
  await scratch?.remove();
});

function atService(program: string, ...args: string[]): Promise<Output> {
  const [ip, ...rest] = [...networks.prefix('service'), program, ...sshd.options, ...args];
  return run(ip ?? '', rest);
}

function ssh(command: string): Promise<Output> {
  return atService('/usr/bin/ssh', '-p', `${tunnel.port('ssh')}`, `${USER}@127.0.0.1`, command);
}

it('the firewall holds: nothing but the tunnel leads to the device', async () => {
  expect(before).toEqual({ inbound: true, outbound: true });
  expect(await networks.reaches('service', DEVICE_ADDRESS, 22)).toBe(false);
  expect(await networks.reaches('hub', DEVICE_ADDRESS, 22)).toBe(false);
  expect(await networks.reaches('device', HUB_ADDRESS, 444)).toBe(false);
  expect(await ssh('ip addr show uplink')).toMatchObject({ code: 0, stdout: expect.stringContaining(DEVICE_ADDRESS) });
});

it('scp: 64 MiB each way', async () => {
  await writeFile(scratch.file('original'), randomBytes(2 ** 26));
  const copy = (...paths: string[]): Promise<Output> => atService('/usr/bin/scp', '-P', `${tunnel.port('ssh')}`, ...paths);
  const remote = `${USER}@127.0.0.1:${scratch.file('there')}`;
  expect(await copy(scratch.file('original'), remote)).toEqual({ code: 0, stdout: '', stderr: '' });
  expect(await copy(remote, scratch.file('back'))).toEqual({ code: 0, stdout: '', stderr: '' });
  expect(await hashOf(scratch.file('back'))).toBe(await hashOf(scratch.file('original')));
});
