// Cases: each direction ends by itself, and the stream is over when both have.
import { once } from 'node:events';
import { describe, expect } from 'vitest';
import { type Bench, pass, type Way } from './bench.ts';
import { expectClean, expectTerminated, Log } from './outcomes.ts';
import { expectBytes, MIB, payloadOf, readAll, writeAll } from './traffic.ts';

/** Registers the cases. */
export function halfCloseCases(bench: Bench, halfClose: boolean): void {
  describe('half-close', () => {
    bench.eachWay('for await that is left early destroys the stream', leaveEarly);
    bench.eachWay('nothing comes after the end', nothingAfterEnd);
    if (!halfClose) return bench.eachWay('the end of one direction ends both', endOfBoth);
    bench.eachWay('a reply after the end of the request', replyAfterEnd);
    bench.oneWay('both end at once', bothEndAtOnce);
    bench.eachWay('for await that reaches the end leaves the writable half open', iterateThenReply);
  });
}

async function replyAfterEnd({ pair, from, to }: Way): Promise<void> {
  const reply = payloadOf(MIB);
  const answered = readAll(from);
  const asked = readAll(to);
  from.end('request');
  expect((await asked).toString()).toBe('request');
  await pass(pair, 60);
  expect(to.writable).toBe(true);
  expect(from.readable).toBe(true);
  await writeAll(to, reply);
  to.end();
  expectBytes(await answered, reply);
  await expectClean(pair);
}

async function endOfBoth({ pair, from, to }: Way): Promise<void> {
  from.resume();
  from.end('last words');
  expect((await readAll(to)).toString()).toBe('last words');
  await expectClean(pair);
  const refusal = await new Promise<unknown>((resolve) => to.write('late', resolve));
  expect(refusal).toBeInstanceOf(Error);
}

async function bothEndAtOnce({ pair }: Way): Promise<void> {
  const reads = Promise.all([readAll(pair.a), readAll(pair.b)]);
  pair.a.end('from a');
  pair.b.end('from b');
  expect((await reads).map(String)).toEqual(['from b', 'from a']);
  await expectClean(pair);
}

async function iterateThenReply({ pair, from, to }: Way): Promise<void> {
  from.end('question');
  let asked = '';
  for await (const chunk of to) asked += String(chunk);
  expect(asked).toBe('question');
  expect([to.writable, to.destroyed]).toEqual([true, false]);
  to.end('reply');
  expect((await readAll(from)).toString()).toBe('reply');
  await expectClean(pair);
}

async function leaveEarly({ pair, from, to }: Way): Promise<void> {
  const log = new Log(from);
  from.resume();
  from.write('first');
  for await (const chunk of to) {
    expect(String(chunk)).toBe('first');
    break;
  }
  expect(to.destroyed).toBe(true);
  await expectTerminated(pair, from, log);
  expect((await to.outcome).clean).toBe(false);
}

async function nothingAfterEnd({ pair, from, to }: Way): Promise<void> {
  const log = new Log(to);
  const seen: string[] = [];
  to.on('data', (chunk: Buffer) => seen.push(chunk.toString()));
  from.on('error', () => undefined);
  from.end('last');
  await once(to, 'end');
  const refusal = await new Promise<unknown>((resolve) => from.write('late', resolve));
  expect(refusal).toMatchObject({ code: 'ERR_STREAM_WRITE_AFTER_END' });
  await pass(pair, 60);
  expect(seen).toEqual(['last']);
  expect(log.events.filter((event) => event === 'end')).toHaveLength(1);
}
