// The compliance suite over a real WebSocket on the loopback interface, without a hub between.
import { type LeakCheck, leakCheck, streamCompliance } from '@streams/testkit';
import { afterEach, beforeEach } from 'vitest';
import { DeviceStream } from '../../src/stream/device-stream.ts';
import { WsBench } from '../support/ws-pair.ts';

const INFO = { id: 'an id', name: 'default', deviceId: 'pump-7' };

let check: LeakCheck;
beforeEach(() => {
  check = leakCheck();
});
afterEach(() => check.settled());

streamCompliance('over a WebSocket', async () => {
  const bench = new WsBench();
  const [client, hub] = await bench.pair();
  const [a, b] = [new DeviceStream(client.leg, INFO), new DeviceStream(hub.leg, INFO)];
  const dispose = async (): Promise<void> => {
    await bench.close();
    await Promise.all([a.outcome, b.outcome]);
  };
  // The kernel's buffers on the loopback interface grow to several MiB.
  const maxQueuedBytes = 14 * 1_048_576;
  return { a, b, clock: bench.clock, kill: { a: () => client.leg.terminate(), b: () => hub.leg.terminate() }, maxQueuedBytes, dispose };
});
