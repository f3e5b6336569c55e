// Hub, device and service in networks of their own; whoever is not the hub cannot reach the device, nor it them.
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startLogin } from './support/login.ts';
import { DEVICE_ADDRESS, HUB_ADDRESS, Networks } from './support/networks.ts';
import { hashOf, needs, type Output, run, Scratch, type Server, startServer, until } from '../../../../test/support/programs.ts';
import { type Sshd, startSshd, USER } from '../../../../test/support/sshd.ts';
import { Tunnel } from './support/tunnel.ts';

const CUT_MS = 20_000;
/** What the older login has sent, and should get back. */
const LINES = 'before\nduring\nafter\n';

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
  otherOfHub = await startServer({ program: program, args, port: 444 });
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
  return run(ip, rest);
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

/** The device's link stands anew: it is not the one that stood before. */
function nextLink(): () => Promise<void> {
  const before = tunnel.deviceProxy.stdout.length;
  return () => until('the device connects again', () => tunnel.deviceProxy.stdout.slice(before).includes('is connected'), 20_000);
}

it('the network is cut for 20 s: the next login works, and an older one goes on', { timeout: 90_000 }, async () => {
  const login = await startLogin(sshd, tunnel.port('ssh'), networks.prefix('service'));
  await networks.connectDevice(false);
  login.child.stdin?.write('during\n');
  await new Promise((resolve) => setTimeout(resolve, CUT_MS));
  expect(await networks.reaches('device', HUB_ADDRESS, 443)).toBe(false);
  await networks.connectDevice(true);

  const startMs = performance.now();
  expect(await ssh('echo works')).toEqual({ code: 0, stdout: 'works\n', stderr: '' });
  console.log(`cut for 20 s: the next login has worked after ${seconds(startMs)} s`);
  login.child.stdin?.end('after\n');
  expect(await login.ended).toEqual({ code: 7, stdout: LINES, stderr: '' });
});

it('the device moves to another network: it is back by itself, under its new address, and an older login goes on', {
  timeout: 90_000,
}, async () => {
  const login = await startLogin(sshd, tunnel.port('ssh'), networks.prefix('service'));
  const isBack = nextLink();
  const startMs = performance.now();
  await networks.moveDevice();
  await isBack();
  console.log(`moved: the device was back after ${seconds(startMs)} s`);
  const { code, stdout } = await ssh('ip addr show uplink');
  expect(code).toBe(0);
  expect(stdout).not.toContain(DEVICE_ADDRESS);
  login.child.stdin?.end('after\n');
  expect(await login.ended).toEqual({ code: 7, stdout: 'before\nafter\n', stderr: '' });
  console.log(`moved: an older login went on within ${seconds(startMs)} s`);
});

function seconds(startMs: number): string {
  return ((performance.now() - startMs) / 1000).toFixed(1);
}
