// Export and import over the wire: what comes out goes in again, what fails is told line by line, and nothing waits for ever.
import { randomBytes } from 'node:crypto';
import { request } from 'node:https';
import { parseServiceConnectionString } from '@streams/protocol/internal';
import { startTestHub, type TestHub } from '@streams/hub/testing';
import { FakeClock, leakCheck } from '@streams/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MemoryRegistry } from '../../src/devices/memory-registry.ts';
import type { DeviceRecord } from '../../src/devices/registry.ts';
import { IMPORT_STALL_MS } from '../../src/devices/import-devices.ts';
import { authorization, call, send } from '../support/rest.ts';
import { until } from '../support/streams.ts';

type Row = Record<string, unknown>;

const leaks = leakCheck();
const key = (): string => randomBytes(32).toString('base64');
const clock = new FakeClock();
let test: TestHub;
let registry: FullRegistry;
/** Of a hub that does nothing. */
let idleTimers = 0;
beforeAll(async () => {
  registry = new FullRegistry();
  test = await startTestHub({
    clock,
    registry,
    policies: [
      { name: 'test', keys: [key()], permissions: ['device:read', 'device:write'] },
      { name: 'reader', keys: [key()], permissions: ['device:read'] },
    ],
  });
  idleTimers = clock.pendingTimers;
});
afterAll(async () => {
  await test.close();
  expect(clock.pendingTimers).toBe(0);
  await leaks.settled();
});

/** A request whose body and answer are under way at the same time. */
class LongCall {
  readonly rows: Row[] = [];
  status = 0;
  ended = false;
  readonly #request: ReturnType<typeof request>;

  private constructor(ca: string, method: string, path: string, credential: string) {
    const options = { host: '127.0.0.1', port: test.port, ca, method, path, headers: { authorization: credential }, agent: false };
    let text = '';
    this.#request = request(options, (response) => {
      this.status = response.statusCode ?? 0;
      response.setEncoding('utf8').on('data', (more: string) => {
        text += more;
        const lines = text.split('\n');
        text = lines.pop() ?? '';
        this.rows.push(...lines.map((line) => JSON.parse(line) as Row));
      });
      response.on('end', () => (this.ended = true)).on('error', () => undefined);
    });
    this.#request.on('error', () => undefined);
  }

  static async begin(path: string, method = 'POST', policy = 'test'): Promise<LongCall> {
    const { caCertificate = '' } = parseServiceConnectionString(await test.serviceConnectionString());
    return new LongCall(caCertificate, method, path, await authorization(test, policy));
  }

  write(...lines: (string | object)[]): this {
    for (const line of lines) this.#request.write(typeof line === 'string' ? line : `${JSON.stringify(line)}\n`);
    return this;
  }

  async end(): Promise<Row[]> {
    this.#request.end();
    await until(() => this.ended);
    return this.rows;
  }

  destroy(): void {
    this.#request.destroy();
  }
}

async function exported(query = '', policy = 'test'): Promise<Row[]> {
  return (await LongCall.begin(`/v1/devices:export${query}`, 'GET', policy)).end();
}

describe('what is exported', () => {
  it('is imported as it was, and again without a change; it is more than a body holds otherwise', async () => {
    const devices = Array.from({ length: 700 }, (_, index) => ({
      deviceId: `d-${1_000 + index}`,
      enabled: index !== 5,
      keys: [key(), key()],
    }));
    const totals = { lines: 700, created: 700, changed: 0, unchanged: 0, failed: 0 };
    expect((await (await LongCall.begin('/v1/devices:import')).write(...devices).end()).at(-1)).toEqual({ type: 'done', ...totals });
    expect(await exported('?prefix=d-')).toEqual(devices);
    const again = (await LongCall.begin('/v1/devices:import')).write(...(await exported('?prefix=d-')));
    expect((await again.end()).at(-1)).toEqual({ type: 'done', ...totals, created: 0, unchanged: 700 });
  });

  it('has keys for who may write alone, and what is asked for alone', async () => {
    expect(await exported('?prefix=d-&enabled=false', 'reader')).toEqual([{ deviceId: 'd-1005', enabled: false }]);
    expect(await exported('?prefix=d-&connected=true')).toEqual([]);
    expect(await call(test, 'GET', '/v1/devices:export?connected=yes')).toMatchObject({
      status: 400,
      body: { details: { path: 'connected' } },
    });
    const reader = { headers: { authorization: await authorization(test, 'reader') } };
    expect(await send(test, 'POST', '/v1/devices:import', reader)).toMatchObject({
      status: 403,
      body: { details: { permission: 'device:write' } },
    });
  });
});

describe('an import', () => {
  const bad = [
    '{"deviceId":"a/b"}\n',
    'nonsense\n\n',
    { deviceId: 'i-1', keys: ['short'] },
    `{"deviceId":"i-2","more":"${'x'.repeat(5_000)}"}\n`,
    { deviceId: 'i-3' },
    '{"deviceId":"i-4","enabled":false}',
  ];

  it('tells of each line that fails, by its number, and carries out the others, the last one without an end too', async () => {
    const rows = await (await LongCall.begin('/v1/devices:import')).write(...bad).end();
    const failures = rows.filter(({ type }) => type === 'failed');
    expect(failures.map(({ line, deviceId, code }) => [line, deviceId, code])).toEqual([
      [1, undefined, 'INVALID_DEVICE_ID'],
      [2, undefined, 'BAD_REQUEST'],
      [4, undefined, 'BAD_REQUEST'],
      [5, undefined, 'TOO_LARGE'],
    ]);
    expect(failures[2]?.['message']).toMatch(/^keys\[0\]: expected base64/);
    expect(rows.at(-1)).toEqual({ type: 'done', lines: 7, created: 2, changed: 0, unchanged: 0, failed: 4 });
    expect(await call(test, 'GET', '/v1/devices/i-4')).toMatchObject({ status: 200, body: { enabled: false } });
  });

  it('leaves what a line leaves out, and ends early where it should', async () => {
    const { body: before } = await call(test, 'GET', '/v1/devices/i-3');
    const rows = await (await LongCall.begin('/v1/devices:import')).write({ deviceId: 'i-3', enabled: false }).end();
    expect(rows.at(-1)).toMatchObject({ changed: 1 });
    expect((await call(test, 'GET', '/v1/devices/i-3')).body).toMatchObject({ enabled: false, keys: before['keys'] });
    const stopped = (await LongCall.begin('/v1/devices:import?stopOnError=true')).write('nonsense\n');
    await until(() => stopped.rows.length === 3);
    expect((await stopped.write({ deviceId: 'i-9' }).end()).at(-1)).toMatchObject({ type: 'done', failed: 1, created: 0 });
    expect(await call(test, 'GET', '/v1/devices/i-9')).toMatchObject({ status: 404 });
  });

  it('answers while it goes on; who sends nothing any more is given up, and what was there stays', async () => {
    const slow = (await LongCall.begin('/v1/devices:import')).write({ deviceId: 's-1' });
    await until(() => slow.rows.length === 1);
    await clock.advance(IMPORT_STALL_MS - 1);
    slow.write({ deviceId: 's-2' });
    await until(() => slow.rows.length === 2);
    await clock.advance(2 * IMPORT_STALL_MS);
    await until(() => slow.ended);
    expect(slow.rows.at(-1)).toMatchObject({ type: 'error', code: 'BAD_REQUEST', created: 2 });
    slow.destroy();
  });

  it('ends where the registry cannot write, and says no more than the log does', async () => {
    registry.isFull = true;
    const rows = await (await LongCall.begin('/v1/devices:import')).write({ deviceId: 'f' }).end();
    registry.isFull = false;
    expect(rows).toEqual([
      expect.objectContaining({ type: 'error', code: 'INTERNAL', message: 'the hub failed; its log has the tracking id' }),
    ]);
  });

  it('ends with who sends it', async () => {
    const cut = (await LongCall.begin('/v1/devices:import')).write({ deviceId: 'c-1' }, '{"deviceId":"c-2"}');
    await until(() => cut.rows.length === 1);
    cut.destroy();
    await until(() => clock.pendingTimers === idleTimers);
    expect(await call(test, 'GET', '/v1/devices/c-1')).toMatchObject({ status: 200 });
    expect(await call(test, 'GET', '/v1/devices/c-2')).toMatchObject({ status: 404 });
  });
});

class FullRegistry extends MemoryRegistry {
  isFull = false;

  override put(device: DeviceRecord): Promise<void> {
    return this.isFull ? Promise.reject(new Error('no space left in /data')) : super.put(device);
  }
}
