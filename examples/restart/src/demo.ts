// `npm run demo:restart`: scp of 1 GiB, a login and a download between real programs, while the hub is killed and restarted five times
// and the device's network is cut for 20 s. Exit code 1 if one of them notices more than a pause.
//   node dist/demo.js [--mib 1024] [--cut 20]
import { randomFillSync } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';
import { freePort, hashOf, needs, Scratch } from '../../../test/support/programs.ts';
import { startSshd, USER } from '../../../test/support/sshd.ts';
import { type Ended, Login, run, serveFile } from './loads.ts';
import { Network } from './network.ts';
import { CONNECT, environment, Streams } from './streams.ts';

const { values } = parseArgs({ options: { mib: { type: 'string', default: '1024' }, cut: { type: 'string', default: '20' } } });

const RESTARTS = 5;
/** Nobody but the proxies knows it: programs reach what is on their own machine without a proxy. */
const HUB_NAME = 'hub.example';
const MIB = 2 ** 20;
/** From one restart to the next. */
const PACE_MS = 4_000;
const startedMs = performance.now();

const scratch = await Scratch.make();
const sshd = await startSshd(scratch);
const size = Number(values.mib) * MIB;
const web = await serveFile(size / 4);
const hubPort = await freePort();
const network = await Network.start(hubPort);
const desk = await Network.start(hubPort);
let hub = startHub();
const service = await hub.line(/"serviceConnectionString":"([^"]+)"/);
const device = await Streams.run(['devices', 'create', 'pump-7'], { home: scratch.path });
const services = [`ssh=127.0.0.1:${sshd.port}`, `web=127.0.0.1:${(web.server.address() as AddressInfo).port}`];
const atDevice = new Streams(['device', 'proxy', ...services.flatMap((each) => ['--service', each])], {
  home: scratch.path,
  connectionString: device,
  httpsProxy: network.url,
});
const atTheDesk = { home: scratch.path, connectionString: service, httpsProxy: desk.url };
const atDesk = new Streams(['proxy', 'pump-7', '--forward', '0:ssh', '--forward', '0:web'], atTheDesk);
await atDevice.line(/(pump-7 is connected)/);
const sshPort = await atDesk.line(/^ssh: 127\.0\.0\.1:(\d+)$/);
const webPort = await atDesk.line(/^web: 127\.0\.0\.1:(\d+)$/);
await writeRandom(scratch.file('original'));
say(`hub, device and desk run; the device reaches the hub through ${network.url}`);

let passed = true;
const over = new AbortController();
const login = new Login(
  needs('/usr/bin/ssh', 'openssh-client'),
  [...sshd.options, '-o', `ProxyCommand=${CONNECT} pump-7 ssh`, `${USER}@pump-7`, 'cat'],
  environment(atTheDesk),
);
const typed = login.type(over.signal);
const copied = run(needs('/usr/bin/scp', 'openssh-client'), [
  ...sshd.options,
  '-l',
  String(rate(size)),
  '-P',
  sshPort,
  scratch.file('original'),
  `${USER}@127.0.0.1:${scratch.file('copy')}`,
]);
const downloaded = run(needs('/usr/bin/curl', 'curl'), [
  '-sS',
  '--limit-rate',
  String(Math.round((rate(size / 4) * 1_000) / 8)),
  '-o',
  scratch.file('page'),
  `http://127.0.0.1:${webPort}/`,
]);
let running = 2;
for (const load of [copied, downloaded]) void load.then(() => (running -= 1));

for (let index = 1; index <= RESTARTS; index += 1) {
  await pause(PACE_MS);
  await restartHub(index);
  if (index === 3) await cutNetwork(Number(values.cut) * 1_000);
}
if (running < 2) failed('the copy or the download was over before the last restart; give it more with --mib');
judge('scp', await copied);
judge('curl', await downloaded);
over.abort();
judge('the login', await typed);
if ((await hashOf(scratch.file('copy'))) !== (await hashOf(scratch.file('original')))) failed('scp: the copy DIFFERS');
if ((await hashOf(scratch.file('page'))) !== web.sha256) failed('curl: the page DIFFERS');
say(`copied ${values.mib} MiB, downloaded ${size / 4 / MIB} MiB, typed ${login.lines} lines`);
say(
  `${RESTARTS} restarts of the hub, ${values.cut} s without network; the longest pause was ${(login.longestPauseMs / 1_000).toFixed(1)} s`,
);
if (!passed) for (const line of [...atDesk.lines, ...atDevice.lines]) console.log(`  ${line}`);
login.kill();
await Promise.all([atDesk.kill(), atDevice.kill(), hub.kill(), sshd.stop()]);
web.server.close();
web.server.closeAllConnections();
network.close();
desk.close();
await scratch.remove();
console.log(passed ? 'demo: hashes equal, nobody has noticed more than a pause' : 'demo: FAILED');
process.exitCode = passed ? 0 : 1;

function startHub(): Streams {
  return new Streams(['hub', 'start', '--host-name', HUB_NAME, '--listen', '127.0.0.1', '--port', String(hubPort), '--json'], {
    home: scratch.path,
  });
}

async function restartHub(index: number): Promise<void> {
  await hub.kill();
  const killedMs = performance.now();
  hub = startHub();
  await hub.line(/"serviceConnectionString":"([^"]+)"/);
  say(`restart ${index}: the hub was killed, and is back after ${((performance.now() - killedMs) / 1_000).toFixed(1)} s`);
}

async function cutNetwork(ms: number): Promise<void> {
  await pause(PACE_MS);
  const connections = network.cut();
  say(`the network of the device is cut for ${ms / 1_000} s, with ${connections} connections`);
  if (connections === 0) failed('the device does not use its network');
  await pause(ms);
  network.restore();
  say('the network is back');
}

/** In kbit/s, so slow that it lasts somewhat longer than all that happens meanwhile. */
function rate(bytes: number): number {
  const seconds = 2 * ((RESTARTS + 1) * (PACE_MS / 1_000) + Number(values.cut));
  return Math.round((bytes * 8) / 1_000 / seconds);
}

function judge(what: string, { code, said }: Ended): void {
  say(`${what}: exit code ${code}${said === '' ? '' : `, ${said}`}`);
  if (code !== 0 || said !== '') failed(`${what} has noticed`);
}

function failed(what: string): void {
  passed = false;
  say(`NOT OK: ${what}`);
}

function say(text: string): void {
  console.log(`${((performance.now() - startedMs) / 1_000).toFixed(1).padStart(6)} s  ${text}`);
}

async function writeRandom(path: string): Promise<void> {
  const file = await open(path, 'wx');
  const chunk = Buffer.alloc(16 * MIB);
  for (let left = size; left > 0; left -= chunk.length) await file.write(randomFillSync(chunk.subarray(0, Math.min(left, chunk.length))));
  await file.close();
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
