// The compliance suite over a real hub with TLS: our service on one side, our device on the other, by a session.
import { FakeClock, streamCompliance } from '@streams/testkit';
import { openPair, startTrio } from '../support/streams.ts';

const MIB = 2 ** 20;

streamCompliance('through the hub', async () => {
  const clock = new FakeClock();
  const trio = await startTrio({ clock }, { clock }, { clock });
  const [a, b] = await openPair(trio, 'test', { resume: 'required' });
  // Four sockets buffer on the way, and an end takes its time past two sides that do not read.
  return { a, b, clock, maxQueuedBytes: 16 * MIB, pausedEndMs: 8_000, dispose: () => trio.close() };
});
