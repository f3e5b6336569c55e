// Questions to a resource log of 1,000,000 records, through the SDK, a hub and TLS; the reference is grep over the same files.
import { execFile } from 'node:child_process';
import { mkdtemp, open, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { promisify } from 'node:util';
import { startTestHub } from '@streams/hub/testing';
import { type LogQuery, ServiceClient } from '@streams/service';
import type { Figures } from './figures.ts';

const RECORDS = 1_000_000;
const DEVICES = 1_000;
/** As many as one file of the hub's has. */
const RECORDS_PER_FILE = 25_000;
const RARE = { deviceId: 'rare', operation: 'stream' } as const;

/** What is asked, how many records come, and the text that grep looks for. */
const QUESTIONS: readonly (readonly [string, LogQuery, number, string])[] = [
  ['the newest 100', { limit: 100 }, 100, 'DeviceStreams'],
  ['the newest 100 of one of 1,000 devices', { deviceId: 'pump-7', limit: 100 }, 100, '"deviceId":"pump-7"'],
  ['all 1,000 of one device', { deviceId: 'pump-7' }, 1_000, '"deviceId":"pump-7"'],
  ['the one record of a device, the oldest of all', RARE, 1, '"deviceId":"rare"'],
  ['a device without a record', { deviceId: 'absent' }, 0, '"deviceId":"absent"'],
  ['a name that none has, of the policy of all', { policy: 'backend', name: 'web' }, 0, '"streamName":"web"'],
];

/** Fills a directory, asks, removes it. */
export async function resourceLog(figures: Figures, rounds: number): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'streams-bench-log-'));
  try {
    console.log(`${RECORDS} records, ${((await fill(directory)) / 1e6).toFixed(0)} MB`);
    const test = await startTestHub({ logger: false, resourceLog: { directory, maxBytes: 2 ** 32 } });
    const service = ServiceClient.fromConnectionString(await test.serviceConnectionString());
    const delay = monitorEventLoopDelay({ resolution: 1 });
    for (let round = 0; round <= rounds; round += 1) {
      if (round === 1) figures.reset();
      for (const [name, query, found, text] of QUESTIONS) {
        delay.enable();
        figures.add('ours', name, 'ms', await timed(async () => expectCount(found, await count(service, query))));
        delay.disable();
        figures.add('reference', name, 'ms', await timed(() => grep(directory, text)));
      }
      figures.add('ours', 'event loop of hub and client meanwhile, p99', 'ms', delay.percentile(99) / 1e6);
      delay.reset();
    }
    await service.close();
    await test.close();
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** As the hub would, over the last days. @returns bytes. */
async function fill(directory: string): Promise<number> {
  const startMs = Date.now() - RECORDS * 1_000;
  let bytes = 0;
  for (let index = 0; index < RECORDS; index += RECORDS_PER_FILE) {
    const lines = Array.from({ length: RECORDS_PER_FILE }, (_, more) => line(index + more, startMs + (index + more) * 1_000));
    const name = `streams-${new Date(startMs + index * 1_000).toISOString().replaceAll(/[:.]/g, '-')}.ndjson`;
    await using file = await open(join(directory, name), 'w');
    await file.writeFile(lines.join(''));
    bytes += lines.join('').length;
  }
  return bytes;
}

function line(index: number, timeMs: number): string {
  const id = String(index).padStart(22, '0');
  const record = {
    time: new Date(timeMs).toISOString(),
    category: 'DeviceStreams',
    operation: 'stream',
    deviceId: index === 0 ? RARE.deviceId : `pump-${index % DEVICES}`,
    streamName: 'ssh',
    streamId: id,
    sessionId: id,
    resumeCount: 0,
    policy: 'backend',
    address: '192.0.2.7',
    result: 'clean',
    code: null,
    phase: null,
    startTime: new Date(timeMs - 65_432).toISOString(),
    durationMs: 65_432,
    stepsMs: null,
    bytesToDevice: 12_345,
    bytesToService: 1_234_567,
    endedBy: 'service',
    closeCode: 1_000,
    reason: '',
    trackingId: id,
    traceparent: null,
  };
  return `${JSON.stringify(record)}\n`;
}

async function count(service: ServiceClient, query: LogQuery): Promise<number> {
  let found = 0;
  for await (const _ of service.logs.query(query)) found += 1;
  return found;
}

function expectCount(expected: number, found: number): void {
  if (found !== expected) throw new Error(`found ${found} records, not ${expected}`);
}

async function grep(directory: string, text: string): Promise<void> {
  const files = (await readdir(directory)).map((name) => join(directory, name));
  // Its exit code is 1 where nothing is found.
  await promisify(execFile)('grep', ['-Fc', text, ...files]).catch(() => undefined);
}

async function timed(work: () => Promise<void>): Promise<number> {
  const startMs = performance.now();
  await work();
  return performance.now() - startMs;
}
