// Many streams at once through one hub: each has its own bytes, each is counted, and nothing is left behind.
import { createHash, randomBytes } from 'node:crypto';
import { SESSION_LINGER_MS } from '@streams/protocol/internal';
import { FakeClock, leakCheck } from '@streams/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import { echo, hashOf, startTrio, type Trio, until } from '../support/streams.ts';

const leaks = leakCheck();
let trio: Trio;
afterEach(async () => {
  await trio.close();
  await leaks.settled();
});

describe('many at once', () => {
  it('F11 200 streams carry 200 contents, each its own, and each is counted', async () => {
    trio = await startTrio();
    echo(trio.device);
    const results = await Promise.all(
      Array.from({ length: 200 }, async (_, index) => {
        const content = randomBytes(1_000 * (index % 150) + index);
        const stream = await trio.service.createStream('pump-7', { name: `n${index}`, resume: 'off' });
        stream.end(content);
        const [hash, outcome] = [await hashOf(stream), await stream.outcome];
        return hash === createHash('sha256').update(content).digest('hex') && outcome.clean && stream.bytesRead === content.length;
      }),
    );
    expect(results).toEqual(results.map(() => true));
    await until(() => trio.test.records.filter(({ operation }) => operation === 'stream').length === 200);
    for (const record of trio.test.records.filter(({ operation }) => operation === 'stream')) {
      const index = Number(record.streamName.slice(1));
      const bytes = 1_000 * (index % 150) + index;
      expect(record).toMatchObject({ result: 'clean', bytesToDevice: bytes, bytesToService: bytes });
    }
  }, 60_000);

  it('200 handshakes leave no socket, timer or token behind', async () => {
    const clock = new FakeClock();
    trio = await startTrio({ clock }, { clock }, { clock });
    trio.device.onStreamRequest(async (request) => {
      if (request.name === 'no') return request.reject('no');
      const stream = await request.accept();
      stream.resume().end();
    });
    const idle = { timers: clock.pendingTimers, sockets: sockets() };
    const work = async (index: number): Promise<void> => {
      if (index % 4 === 0) return expect(trio.service.createStream('pump-7', { name: 'no' })).rejects.toMatchObject({ reason: 'no' });
      const stream = await trio.service.createStream('pump-7');
      stream.resume().end();
      expect((await stream.outcome).clean).toBe(true);
    };
    for (let done = 0; done < 200; done += 20) await Promise.all(Array.from({ length: 20 }, (_, index) => work(index)));
    await until(() => trio.test.hub.openStreams === 0);
    // A device knows a session that has ended a while longer.
    await clock.advance(SESSION_LINGER_MS);
    // What stays are the service's kept-alive connections: at most one for each call that ran at once.
    await until(() => clock.pendingTimers === idle.timers && sockets() - idle.sockets <= 2 * 20);
    expect(trio.test.records).toHaveLength(200 + 150);
  }, 60_000);
});

function sockets(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind.endsWith('Wrap')).length;
}
