// What people see when a part of the way dies under a login, which logins survive that, and that the next one works without touching
// anything else.
import { expect, it } from 'vitest';
import { startLogin } from './support/login.ts';
import { type Output, until } from '../../../../test/support/programs.ts';
import { startSshd } from '../../../../test/support/sshd.ts';
import { SshTunnel } from './support/ssh-tunnel.ts';

const at = new SshTunnel();

const COMMAND = 'cat; exit 7';

function overProxy(): Promise<Output> {
  return at.overProxy([COMMAND], 'in\n');
}

function overConnect(): Promise<Output> {
  return at.overConnect([COMMAND], 'in\n');
}

interface Trouble {
  readonly name: string;
  /** Something dies. */
  readonly strike: () => Promise<unknown>;
  /** It comes back; resolves once it is there again. */
  readonly mend: () => Promise<unknown>;
  /** What `streams proxy` says of the login; empty if nothing, undefined if the login goes on when the trouble is over. */
  readonly cut?: string;
  /** The same, said only once the device is back and does not know the login: until then it may be the network. */
  readonly cutAfterwards?: string;
  /** What it says of the next one, and what `streams connect` says. */
  readonly refused: RegExp;
  readonly said: RegExp;
}

async function restartHub(): Promise<void> {
  const before = at.tunnel.deviceProxy.stdout.length;
  await at.tunnel.startHub();
  await until('the device is connected again', () => at.tunnel.deviceProxy.stdout.slice(before).includes('pump-7 is connected'));
}

const HUB_IS_GONE = {
  mend: restartHub,
  refused: /^no connection to ssh of pump-7: the hub cannot be reached: connect ECONNREFUSED 127\.0\.0\.1:\d+/m,
  said: /^streams: STREAMS_CONNECT_FAILED: the hub cannot be reached: .*; is the hub running/m,
};

const DEVICE_IS_GONE = {
  mend: async () => {
    at.tunnel.startDeviceProxy();
    await at.tunnel.deviceProxy.prints(/pump-7 is connected/);
  },
  refused: /^no connection to ssh of pump-7: the device is not connected to the hub$/m,
  said: /^streams: STREAMS_DEVICE_NOT_CONNECTED: the device is not connected to the hub; start its program on the device/m,
};

it.each<Trouble>([
  {
    name: 'sshd is killed',
    strike: () => at.sshd.stop('SIGKILL'),
    mend: async () => (at.sshd = await startSshd(at.scratch, { port: at.sshd.port })),
    // The kernel ends the connections of a process that dies; to the proxies that is an end like any other.
    cut: '',
    refused: /^no connection to ssh of pump-7: connection refused on the device$/m,
    said: /^streams: STREAMS_STREAM_REJECTED: .*: connection refused on the device; start that service on the device/m,
  },
  { name: 'the hub is stopped', strike: () => at.tunnel.hub.stop(), ...HUB_IS_GONE },
  { name: 'the hub is killed', strike: () => at.tunnel.hub.stop('SIGKILL'), ...HUB_IS_GONE },
  { name: 'the device stops', strike: () => at.tunnel.deviceProxy.stop(), ...DEVICE_IS_GONE, cut: 'the proxy of the device was closed' },
  {
    name: 'the device is killed',
    strike: () => at.tunnel.deviceProxy.stop('SIGKILL'),
    ...DEVICE_IS_GONE,
    cutAfterwards: 'the session cannot be resumed',
  },
])('$name', async ({ strike, mend, cut, cutAfterwards, refused, said }) => {
  const login = await startLogin(at.sshd, at.tunnel.port('ssh'));
  const before = at.tunnel.serviceProxy.stderr.length;
  const news = (): string => at.tunnel.serviceProxy.stderr.slice(before);
  await strike();
  const isOver = async (reason: string): Promise<void> => {
    expect(await login.ended).toMatchObject({ code: 255, stdout: 'before\n' });
    await until(`it is said: ${reason}`, () => news().includes(reason && `a connection to ssh of pump-7 was cut: ${reason}`));
  };
  if (cut !== undefined) await isOver(cut);
  expect(await overProxy()).toMatchObject({ code: 255, stdout: '' });
  await until(`it is said: ${refused}`, () => refused.test(news()));
  expect(await overConnect()).toMatchObject({ code: 255, stdout: '', stderr: expect.stringMatching(said) });
  await mend();
  const works = { code: 7, stdout: 'in\n', stderr: '' };
  expect(await overProxy()).toEqual(works);
  expect(await overConnect()).toEqual(works);
  if (cutAfterwards !== undefined) return isOver(cutAfterwards);
  if (cut !== undefined) return;
  login.child.stdin?.end('after\n');
  expect(await login.ended).toEqual({ code: 7, stdout: 'before\nafter\n', stderr: '' });
});
