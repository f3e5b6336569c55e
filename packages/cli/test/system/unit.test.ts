// The units of `streams device install` and `streams hub install`, judged by systemd itself. No systemd has to run for that.
import { execFile } from 'node:child_process';
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { planInstall } from '../../src/install/device-plan.ts';
import { unitText } from '../../src/install/device-unit.ts';
import { planHubInstall } from '../../src/install/hub-plan.ts';
import { hubUnitText } from '../../src/install/hub-unit.ts';

const ANALYZE = '/usr/bin/systemd-analyze';
let directory: string;

beforeAll(async () => {
  assert(existsSync(ANALYZE), `${ANALYZE} is missing: apt-get install systemd`);
  directory = await mkdtemp(join(tmpdir(), 'streams-unit-'));
});
afterAll(() => rm(directory, { recursive: true }));

/** Standard output and error together; a program that fails is told by what it says. */
async function analyze(...args: string[]): Promise<string> {
  const run = promisify(execFile)(ANALYZE, args);
  const { stdout, stderr } = await run.catch((error: { stdout: string; stderr: string }) => error);
  return stdout + stderr;
}

/** Complaints about our unit; those about others are the machine's. */
async function complaints(file: string, ...options: string[]): Promise<string[]> {
  const said = await analyze('verify', '--man=no', ...options, file);
  return said.split('\n').filter((line) => /streams-(?:device|hub)/.test(line));
}

async function unitFor(user: boolean, service: Record<string, string>, folder = ''): Promise<string> {
  const node = join(directory, folder, 'node');
  await mkdir(join(directory, folder), { recursive: true });
  await symlink(process.execPath, node).catch(() => undefined);
  // As planned for paths that a system service may see; those here are in /tmp.
  const plan = planInstall(
    { user, service, connectionStringFile: join(directory, folder, 'string') },
    { node: '/usr/bin/node', main: '/opt/main.js' },
  );
  const file = join(directory, 'streams-device.service');
  await writeFile(file, unitText({ ...plan, node }));
  return file;
}

async function hubUnit(): Promise<string> {
  const node = join(directory, 'hub-node');
  await symlink(process.execPath, node).catch(() => undefined);
  const plan = planHubInstall({ port: 443, hostName: ['hub.example.com'] }, { node: '/usr/bin/node', main: '/opt/main.js' });
  const file = join(directory, 'streams-hub.service');
  await writeFile(file, hubUnitText({ ...plan, node }));
  return file;
}

/** What systemd says of a unit: 0 is locked up, 10 is unprotected. */
async function exposureOf(file: string): Promise<number> {
  const said = await analyze('security', '--offline=true', '--no-pager', file);
  const [, name, exposure] = /Overall exposure level for (\S+): ([\d.]+)/.exec(said) ?? [];
  console.log(`systemd-analyze security: exposure of ${name} ${exposure}`);
  return Number(exposure);
}

describe("a hub's unit", () => {
  it('is one that systemd takes', async () => {
    expect(await complaints(await hubUnit())).toEqual([]);
  });

  it('leaves the hub little, as systemd counts it', async () => {
    expect(await exposureOf(await hubUnit())).toBeLessThan(2);
  });
});

describe('the unit', () => {
  it.each([false, true])('is one that systemd takes (user: %s)', async (user) => {
    const file = await unitFor(user, { ssh: '127.0.0.1:22', "-.%_*?!(),:=@$'": '[::1]:502' });
    expect(await complaints(file, ...(user ? ['--user'] : []))).toEqual([]);
  });

  it('names programs in folders with blanks, percent and dollar signs', async () => {
    expect(await complaints(await unitFor(false, { ssh: 'a:1' }, 'a b 100%h $HOME'))).toEqual([]);
  });

  it('would be complained of: for a program that is not there, and for a setting that is none', async () => {
    const file = await unitFor(false, { ssh: 'a:1' });
    const text = unitText(planInstall({ service: { ssh: 'a:1' } }, { node: '/nowhere/node', main: '/opt/main.js' }));
    await writeFile(file, text.replace('ProtectClock', 'ProtectClocks'));
    expect((await complaints(file)).join()).toMatch(/ProtectClocks.*\/nowhere\/node/s);
  });

  it('leaves the service little, as systemd counts it', async () => {
    expect(await exposureOf(await unitFor(false, { ssh: '127.0.0.1:22' }))).toBeLessThan(2);
  });
});
