// `npm run demo`: a hub, a device and a service as three processes; a file there and back; then every failure, provoked for real.
//   node dist/demo.js [--mib 64] [--only SCENARIO] [--without SCENARIO]
import { createHash, randomFillSync } from 'node:crypto';
import { appendFile, mkdtemp, open, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Child } from './child.ts';
import { SCENARIOS, type Scenario, type World } from './scenarios.ts';

const { values } = parseArgs({
  options: {
    mib: { type: 'string', default: '64' },
    /** The transfer or one failure alone. */
    only: { type: 'string' },
    /** Leaves out the cause of one scenario, so that the demo must fail; for its own test. */
    without: { type: 'string' },
  },
});

const directory = await mkdtemp(join(tmpdir(), 'streams-demo-'));
const world = await start();
let passed = true;
try {
  if ((values.only ?? 'transfer') === 'transfer') passed = await transfer(world, Number(values.mib));
  for (const scenario of SCENARIOS.filter(({ name }) => (values.only ?? name) === name))
    passed = (await provoke(world, scenario)) && passed;
} finally {
  await Promise.all([world.hub.kill(), world.device.kill()]);
  await rm(directory, { recursive: true });
}
console.log(passed ? 'demo: all as it should be' : 'demo: FAILED');
process.exitCode = passed ? 0 : 1;

async function start(): Promise<World> {
  const hub = new Child('hub', ['echo-1', 'offline-1', '--port', '0', '--data', join(directory, 'hub')]);
  const url = await hub.line('listening on ');
  if (url === undefined) throw new Error(`the hub did not start: ${hub.lines.join('\n')}`);
  const deviceString = (deviceId: string): string =>
    hub.lines.find((line) => line.startsWith(`device ${deviceId}: `))?.split(': ', 2)[1] ?? '';
  const device = new Child('device', [], deviceString('echo-1'));
  await device.line('echo-1 is connected');
  console.log(`hub: ${url}, TLS with a CA of its own; bufferutil: ${bufferutil()}`);
  return { hub, device, deviceString, serviceString: (await hub.line('service: ')) ?? '' };
}

/** Sends a random file there and back and compares it. */
async function transfer(world: World, mib: number): Promise<boolean> {
  const file = join(directory, 'file');
  const sha256 = await randomFile(file, mib);
  if (values.without === 'transfer') await appendFile(file, 'x');
  const service = new Child('service', ['echo-1', file], world.serviceString);
  const ticking = setInterval(() => progress(service, mib), 100);
  await service.ended();
  clearInterval(ticking);
  if (process.stdout.isTTY) process.stdout.write('\r\u001b[K');
  const same = (await service.line('sha256: ')) === sha256;
  const [handshake, echoed] = [await service.line('handshake: '), await service.line('echoed: ')];
  console.log(
    `transfer: ${mib} MiB there and back, handshake ${handshake}, ${echoed?.split(', ')[1]}, SHA-256 ${same ? 'equal' : 'DIFFERS'}`,
  );
  if (!same) console.log(service.lines.join('\n'));
  return same;
}

function progress(service: Child, mib: number): void {
  if (!process.stdout.isTTY) return;
  const at = service.lines.findLast((line) => line.startsWith('progress: '));
  process.stdout.write(`\rtransfer: ${at?.slice('progress: '.length) ?? '0 MiB'} of ${mib} MiB\u001b[K`);
}

/** Runs one failure, and prints the code that the service really got. */
async function provoke(world: World, scenario: Scenario): Promise<boolean> {
  const service = await scenario.run(world, values.without !== scenario.name);
  const lines = await service.ended();
  const error = lines.find((line) => line.startsWith('STREAMS_')) ?? 'no error';
  const asNamed = error.startsWith(`${scenario.code}:`) && error.includes(scenario.says ?? '');
  console.log(`${asNamed ? 'ok' : 'NOT OK'} ${scenario.name}: ${error}`);
  if (!asNamed) console.log(`  expected ${scenario.code} ${scenario.says ?? ''}`);
  return asNamed;
}

async function randomFile(path: string, mib: number): Promise<string> {
  const file = await open(path, 'w');
  const hash = createHash('sha256');
  for (let index = 0; index < mib; index += 1) {
    const chunk = randomFillSync(Buffer.allocUnsafe(2 ** 20));
    hash.update(chunk);
    await file.write(chunk);
  }
  await file.close();
  return hash.digest('hex');
}

/** Without it masking triples the CPU of a transfer, so every figure says. */
function bufferutil(): 'loaded' | 'absent' {
  try {
    createRequire(import.meta.url)('bufferutil');
    return 'loaded';
  } catch {
    return 'absent';
  }
}
