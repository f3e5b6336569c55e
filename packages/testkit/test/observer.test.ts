// The observer: content where nothing is wrong, and each of its assertions can fail.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { type EventEmitter, once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { type Duplex, PassThrough } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { observe } from '../src/index.ts';
import { block } from '../src/real-time.ts';

/** Takes the listeners of the test runner away meanwhile, which would fail the run. */
async function withoutRunner(event: 'uncaughtException' | 'unhandledRejection', run: () => Promise<void>): Promise<void> {
  const emitter: EventEmitter = process;
  const theirs = emitter.listeners(event) as (() => void)[];
  const ignore = (): void => undefined;
  for (const listener of theirs) emitter.off(event, listener);
  emitter.on(event, ignore);
  await run();
  emitter.off(event, ignore);
  for (const listener of theirs) emitter.on(event, listener);
}

/** An echo that changes the bytes from the `at`th on, or swallows them. */
function badEcho(change: (byte: number) => number[]): Duplex {
  return new PassThrough({
    transform(chunk: Buffer, _encoding, done) {
      done(null, Buffer.from([...chunk].flatMap(change)));
    },
  });
}

describe('observe', () => {
  it('is content where nothing is wrong', async () => {
    const observed = observe();
    observed.sing(new PassThrough());
    await sleep(60);
    const { canaryBytes, descriptors } = await observed.settled(0);
    expect(canaryBytes).toBeGreaterThan(0);
    expect(Math.abs(descriptors)).toBeLessThanOrEqual(2);
  });

  it('names descriptors that are left, and waits for those that go', async () => {
    const observed = observe();
    const files = Array.from({ length: 5 }, () => openSync('/dev/null', 'r'));
    await expect(observed.settled(30)).rejects.toThrow(/[3-7] descriptors more than before/);
    const fewer = observe();
    files.splice(0).forEach(closeSync);
    await expect(fewer.settled(30)).rejects.toThrow(/-[3-7] descriptors more than before/);
    const patient = observe();
    files.push(...Array.from({ length: 5 }, () => openSync('/dev/null', 'r')));
    setTimeout(() => files.forEach(closeSync), 30);
    await patient.settled();
  });

  it('names memory that is kept', async () => {
    const observed = observe();
    const kept = [Array.from({ length: 2 ** 20 }, (_, index) => ({ index })), Buffer.alloc(2 ** 24, 1)];
    await expect(observed.settled(30)).rejects.toThrow(/\d MiB more than before/);
    expect(kept.length).toBe(2);
  });

  it('names an event loop that stood still', async () => {
    const observed = observe();
    await sleep(15);
    block(250);
    await sleep(15);
    await expect(observed.settled(30)).rejects.toThrow(/the event loop was late by \d{3} ms/);
  });

  it.each(['uncaughtException', 'unhandledRejection'] as const)('names an %s', async (event) => {
    await withoutRunner(event, async () => {
      const observed = observe();
      if (event === 'unhandledRejection') void Promise.reject(new Error('nobody looks'));
      else setImmediate(() => assert.fail('nobody looks'));
      await sleep(20);
      await expect(observed.settled(0)).rejects.toThrow(/^(uncaughtException|unhandledRejection): .*Error.*: nobody looks$/);
    });
  });
});

describe('the canary of an observer', () => {
  it.each([
    ['whose bytes are changed', (byte: number) => [byte ^ 1], 'other bytes came back than were sent'],
    ['whose bytes are lost', (byte: number) => (byte === 7 ? [] : [byte]), /of \d+ bytes \d+ came back/],
    ['whose bytes come twice', (byte: number) => [byte, byte], 'other bytes came back than were sent'],
  ] as const)('%s is named', async (_what, change, expected) => {
    const observed = observe();
    observed.sing(badEcho(change as (byte: number) => number[]));
    await sleep(60);
    await expect(observed.settled(30)).rejects.toThrow(expected);
  });

  it('that has ended is named', async () => {
    const [failed, closed] = [new PassThrough(), new PassThrough()];
    const observers = [observe(), observe()] as const;
    observers[0].sing(failed);
    observers[1].sing(closed);
    failed.destroy(new Error('cut'));
    closed.destroy();
    await expect(observers[0].settled(30)).rejects.toThrow('the canary: it failed: cut');
    await expect(observers[1].settled(30)).rejects.toThrow('the canary: it was closed');
  });
});

describe('the observer of another process', () => {
  it('names descriptors and memory that are left, and its death', async () => {
    const code = `process.stdout.write('.'); process.stdin.once('data', () => {
      globalThis.kept = [Buffer.alloc(64 * 2 ** 20, 1)];
      for (let i = 0; i < 5; i += 1) require('node:fs').openSync('/dev/null');
      process.stdout.write('.');
    });`;
    const child = spawn(process.execPath, ['-e', code], { stdio: 'pipe' });
    await once(child.stdout, 'data');
    const pid = child.pid as number;
    await observe({ pid }).settled();
    const observed = observe({ pid });
    child.stdin.write('.');
    await once(child.stdout, 'data');
    await expect(observed.settled(30)).rejects.toThrow(/5 descriptors more than before; \d+\.\d MiB more than before/);
    child.kill('SIGKILL');
    await once(child, 'exit');
    await expect(observed.settled(0)).rejects.toThrow(`process ${pid} is dead`);
  });
});
