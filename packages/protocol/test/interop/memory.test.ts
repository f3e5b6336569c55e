// The compliance suite over two legs in memory, for each stream protocol.
import { type CompliancePair, FakeClock, streamCompliance } from '@streams/testkit';
import { memoryLegPair } from '../../src/leg/memory-leg.ts';
import { DeviceStream } from '../../src/stream/device-stream.ts';

streamCompliance('in memory', () => memoryPair('streams.v1'));
streamCompliance('in memory, raw', () => memoryPair('raw'), { halfClose: false });

async function memoryPair(protocol: string): Promise<CompliancePair> {
  const info = { id: 'an id', name: 'default', deviceId: 'pump-7', protocol };
  const clock = new FakeClock();
  const [legA, legB] = memoryLegPair(clock);
  const [a, b] = [new DeviceStream(legA, info), new DeviceStream(legB, info)];
  const dispose = async (): Promise<void> => {
    for (const stream of [a, b]) stream.destroy();
    for (const leg of [legA, legB]) leg.terminate();
    await Promise.all([a.outcome, b.outcome]);
  };
  return { a, b, clock, kill: { a: () => legA.terminate(), b: () => legB.terminate() }, maxQueuedBytes: 4_194_304, dispose };
}
