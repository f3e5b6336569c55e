// xrdp on the device, xfreerdp at the service: the login screen is seen, and takes what is typed.
import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Desktop, HEIGHT, WIDTH } from './support/desktop.ts';
import { freePort, needs, run, Scratch, type Server, startServer } from '../../../../test/support/programs.ts';
import { Tunnel } from './support/tunnel.ts';

/** Colours of xrdp's login screen, from its configuration: the background, and the window. */
const BACKGROUND = 0x009cb5;
const WINDOW = 0xdedede;

let scratch: Scratch;
let xrdp: Server;
let tunnel: Tunnel;
let desktop: Desktop;

beforeAll(async () => {
  scratch = await Scratch.make();
  xrdp = await startXrdp();
  tunnel = await Tunnel.start({ services: { rdp: `127.0.0.1:${xrdp.port}` } });
  desktop = await Desktop.start(scratch);
});
afterAll(async () => {
  await desktop?.stop();
  await tunnel?.stop();
  await xrdp?.stop();
  await scratch?.remove();
});

/** With Debian's configuration, but for port, keys and log. */
async function startXrdp(): Promise<Server> {
  const program = needs('/usr/sbin/xrdp', 'xrdp');
  const port = await freePort();
  const [key, certificate] = [scratch.file('key.pem'), scratch.file('cert.pem')];
  const subject = ['-days', '2', '-subj', '/CN=pump-7'];
  const openssl = needs('/usr/bin/openssl', 'openssl');
  await run(openssl, ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', certificate, ...subject]);
  const settings: Record<string, string> = {
    port: `tcp://127.0.0.1:${port}`,
    security_layer: 'tls',
    certificate,
    key_file: key,
    LogFile: scratch.file('xrdp.log'),
    EnableSyslog: 'false',
  };
  const lines = (await readFile('/etc/xrdp/xrdp.ini', 'utf8')).split('\n').map((line) => {
    const [name = ''] = line.split('=');
    const value = line.startsWith('port=-1') || line.startsWith('port=ask') ? undefined : settings[name];
    return value === undefined ? line : `${name}=${value}`;
  });
  await writeFile(scratch.file('xrdp.ini'), lines.join('\n'));
  return startServer({ program, args: ['--nodaemon', '--config', scratch.file('xrdp.ini')], port });
}

function count(picture: Uint32Array, colour: number): number {
  return picture.reduce((sum, pixel) => sum + Number(pixel === colour), 0);
}

it('the login screen appears, and shows a character that is typed', async () => {
  const size = [`/size:${WIDTH}x${HEIGHT}`, '/bpp:32'];
  const args = [`/v:127.0.0.1:${tunnel.port('rdp')}`, '/cert:ignore', '/u:', ...size, '/log-level:ERROR'];
  const { errors } = desktop.show(needs('/usr/bin/xfreerdp', 'freerdp2-x11'), args);
  const isLogin = (picture: Uint32Array): boolean => count(picture, BACKGROUND) > 200_000 && count(picture, WINDOW) > 50_000;
  await desktop.shows('the login screen', isLogin, errors);
  // The pointer is a part of the picture, and keys go to the window below it.
  await desktop.input('mousemove', '5', '5');
  const before = await desktop.shows('the same with the pointer away', isLogin, errors);
  await desktop.input('type', 'x');
  const differs = (picture: Uint32Array): number[] => [...picture.keys()].filter((pixel) => picture[pixel] !== before[pixel]);
  const after = await desktop.shows('a change', (picture) => differs(picture).length > 0, errors);
  expect(isLogin(after)).toBe(true);
  // What has changed is about one character, in the upper field.
  const changed = differs(after);
  expect(changed.length).toBeLessThan(400);
});
