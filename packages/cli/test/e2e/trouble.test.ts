// What people see when a part of the way dies under a login, and that the next login works without touching anything else.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startLogin } from './support/login.ts';
import { type Output, run, Scratch, until } from './support/programs.ts';
import { type Sshd, startSshd, USER } from './support/sshd.ts';
import { DEVICE, Tunnel } from './support/tunnel.ts';

const SSH = '/usr/bin/ssh';

let scratch: Scratch;
let sshd: Sshd;
let tunnel: Tunnel;

beforeAll(async () => {
  scratch = await Scratch.make();
  sshd = await startSshd(scratch);
  tunnel = await Tunnel.start({ services: { ssh: `127.0.0.1:${sshd.port}` } });
});
afterAll(async () => {
  await tunnel?.stop();
  await sshd?.stop();
  await scratch?.remove();
});

function overProxy(): Promise<Output> {
  return run(SSH, [...sshd.options, '-p', `${tunnel.port('ssh')}`, `${USER}@127.0.0.1`, 'cat; exit 7'], { input: 'in\n' });
}

function overConnect(): Promise<Output> {
  const way = ['-o', `ProxyCommand=streams connect ${DEVICE} ssh`, `${USER}@${DEVICE}`];
  return tunnel.runProgramAsService([SSH, ...sshd.options, ...way, 'cat; exit 7'], 'in\n');
}

interface Trouble {
  readonly name: string;
  /** Something dies. */
  strike(): Promise<unknown>;
  /** It comes back; resolves once it is there again. */
  mend(): Promise<unknown>;
  /** What `streams proxy` says of the login, and of the next one. */
  readonly cut: RegExp;
  readonly refused: RegExp;
  /** What `streams connect` says. */
  readonly said: RegExp;
}

async function restartHub(): Promise<void> {
  const before = tunnel.deviceProxy.stdout.length;
  await tunnel.startHub();
  await until('the device is connected again', () => tunnel.deviceProxy.stdout.slice(before).includes('pump-7 is connected'));
}

const HUB_IS_GONE = {
  mend: restartHub,
  cut: /XX/,
  refused: /^no connection to ssh of pump-7: the hub cannot be reached: connect ECONNREFUSED 127\.0\.0\.1:\d+/m,
  said: /^streams: STREAMS_CONNECT_FAILED: the hub cannot be reached: .*; is the hub running/m,
};

const DEVICE_IS_GONE = {
  mend: async () => {
    tunnel.startDeviceProxy();
    await tunnel.deviceProxy.prints(/pump-7 is connected/);
  },
  cut: /XX/,
  refused: /^no connection to ssh of pump-7: XX/m,
  said: /^streams: STREAMS_DEVICE_NOT_CONNECTED: /m,
};

it.each<Trouble>([
  {
    name: 'sshd is killed',
    strike: () => sshd.stop('SIGKILL'),
    mend: async () => (sshd = await startSshd(scratch, { port: sshd.port })),
    cut: /XX/,
    refused: /^no connection to ssh of pump-7: connection refused on the device/m,
    said: /^streams: STREAMS_STREAM_REJECTED: .*connection refused on the device/m,
  },
  { name: 'the hub is stopped', strike: () => tunnel.hub.stop(), ...HUB_IS_GONE },
  { name: 'the hub is killed', strike: () => tunnel.hub.stop('SIGKILL'), ...HUB_IS_GONE },
  { name: 'the proxy of the device is stopped', strike: () => tunnel.deviceProxy.stop(), ...DEVICE_IS_GONE },
  { name: 'the proxy of the device is killed', strike: () => tunnel.deviceProxy.stop('SIGKILL'), ...DEVICE_IS_GONE },
])('$name', { timeout: 60_000 }, async ({ strike, mend, cut, refused, said }) => {
  const login = await startLogin(sshd, tunnel.port('ssh'));
  const before = tunnel.serviceProxy.stderr.length;
  const news = (): string => tunnel.serviceProxy.stderr.slice(before);
  await strike();
  expect(await login.ended).toMatchObject({ code: 255, stdout: 'before\n' });
  expect(await overProxy()).toMatchObject({ code: 255 });
  const o = await overConnect();
  console.log(news(), JSON.stringify(o));
  await mend();
  const works = { code: 7, stdout: 'in\n', stderr: '' };
  expect(await overProxy()).toEqual(works);
  expect(await overConnect()).toEqual(works);
});
