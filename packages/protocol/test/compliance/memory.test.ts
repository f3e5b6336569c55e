// The compliance suite over two legs in memory.
import { FakeClock, streamCompliance } from '@streams/testkit';
import { memoryLegPair } from '../../src/leg/memory-leg.ts';
import { DeviceStream } from '../../src/stream/device-stream.ts';

const INFO = { id: 'an id', name: 'default', deviceId: 'pump-7' };

streamCompliance('in memory', async () => {
  const clock = new FakeClock();
  const [legA, legB] = memoryLegPair(clock);
  const [a, b] = [new DeviceStream(legA, INFO), new DeviceStream(legB, INFO)];
  const dispose = async (): Promise<void> => {
    for (const stream of [a, b]) stream.destroy();
    for (const leg of [legA, legB]) leg.terminate();
    await Promise.all([a.outcome, b.outcome]);
  };
  return { a, b, clock, kill: { a: () => legA.terminate(), b: () => legB.terminate() }, maxQueuedBytes: 4_194_304, dispose };
});
