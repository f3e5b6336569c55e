// A hub whose disk is full, on a small file system of its own: writes fail typed, all else goes on, and writes succeed again later.
import { mkdir, mkdtemp, open, rm, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openPolicies } from '@streams/hub';
import { startTestHub } from '@streams/hub/testing';
import { PERMISSIONS } from '@streams/protocol/internal';
import { expect, it } from 'vitest';
import { run } from '../../../../../test/support/programs.ts';
import { HubProcess } from '../../support/hub-process.ts';
import { observeHub } from '../../support/observe.ts';
import { call } from '../../support/rest.ts';

const SIZE = '4m';

it('F3 a disk that is full: a write is refused with a retryable 503, reads and streams go on, and it heals by itself', async () => {
  await using disk = await SmallDisk.mount();
  await using test = await HubProcess.start({ dataDirectory: join(disk.path, 'data') });
  const watched = await observeHub(test, { pid: test.pid });
  await test.deviceConnectionString('before');
  await disk.fill();
  const acknowledged: string[] = ['before'];
  let refused: Awaited<ReturnType<typeof call>> | undefined;
  for (let index = 0; refused === undefined && index < 1_000; index += 1) {
    const answer = await call(test, 'PUT', `/v1/devices/pump-${index}`);
    if (answer.status === 201) acknowledged.push(`pump-${index}`);
    else refused = answer;
  }
  expect(refused).toMatchObject({
    status: 503,
    body: { code: 'OVERLOADED', retryable: true, message: expect.stringMatching(/disk .* is full/) },
  });
  expect(refused?.headers['retry-after']).toBe('10');
  expect(JSON.stringify(refused?.body)).not.toContain(disk.path);
  // Each time that lmdb itself was let run into it, the hub died as often as not.
  for (let index = 0; index < 10; index += 1) expect((await call(test, 'PUT', '/v1/devices/another')).status).toBe(503);
  for (const deviceId of acknowledged) expect((await call(test, 'GET', `/v1/devices/${deviceId}`)).status).toBe(200);
  await disk.free();
  expect((await call(test, 'PUT', '/v1/devices/after')).status).toBe(201);
  expect((await call(test, 'GET', '/v1/devices/after')).status).toBe(200);
  await watched.settled();
  await test.kill();
  await test.startAgain();
  for (const deviceId of [...acknowledged, 'after']) expect((await call(test, 'GET', `/v1/devices/${deviceId}`)).status).toBe(200);
}, 60_000);

it('F3 the same for policies, and the log alone says which file', async () => {
  await using disk = await SmallDisk.mount();
  const logged: { err: { message: string } }[] = [];
  const logger = {
    info: () => undefined,
    warn: () => undefined,
    error: (fields: object) => logged.push(fields as (typeof logged)[number]),
  };
  const policies = await openPolicies({ dataDirectory: join(disk.path, 'data'), defaults: [{ name: 'test', permissions: PERMISSIONS }] });
  const test = await startTestHub({ policies, logger });
  const put = (): ReturnType<typeof call> => call(test, 'PUT', '/v1/policies/field', { body: { permissions: ['stream:create'] } });
  await disk.fill();
  const refused = await put();
  expect(refused).toMatchObject({ status: 503, body: { code: 'OVERLOADED', retryable: true, retryAfterMs: 10_000 } });
  expect(JSON.stringify(refused.body)).not.toContain(disk.path);
  expect(logged).toMatchObject([{ err: { message: expect.stringContaining(`${disk.path}/data/policies.json could not be written`) } }]);
  expect((await call(test, 'GET', '/v1/policies/field')).status).toBe(404);
  await disk.free();
  expect((await put()).status).toBe(201);
  await test.close();
}, 60_000);

/** A file system in memory that can be filled. */
class SmallDisk {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async mount(): Promise<SmallDisk> {
    const path = await mkdtemp(join(tmpdir(), 'streams-disk-'));
    const { code, stderr } = await run('/bin/mount', ['-t', 'tmpfs', '-o', `size=${SIZE}`, 'tmpfs', path]);
    if (code !== 0) throw new Error(`this test mounts a file system, and must be root: ${stderr}`);
    await mkdir(join(path, 'data'));
    return new SmallDisk(path);
  }

  /** Until not a byte is left. */
  async fill(): Promise<void> {
    const file = await open(join(this.path, 'filler'), 'w');
    for (let size = 65_536; size >= 1; size = Math.floor(size / 2)) {
      while ((await file.write(Buffer.alloc(size)).catch(() => undefined)) !== undefined);
    }
    await file.close();
  }

  free(): Promise<void> {
    return unlink(join(this.path, 'filler'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await run('/bin/umount', ['--lazy', this.path]);
    await rm(this.path, { recursive: true, force: true });
  }
}
