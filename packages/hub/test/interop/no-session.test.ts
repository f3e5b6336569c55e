// The compliance suite over a real hub with TLS, between our own SDKs where a stream is no session.
import { FakeClock, streamCompliance } from '@streams/testkit';
import { openPair, startTrio } from '../support/streams.ts';

const MIB = 2 ** 20;

streamCompliance('through the hub, without resumption', async () => {
  const clock = new FakeClock();
  const trio = await startTrio({ clock }, { clock }, { clock });
  const [a, b] = await openPair(trio, 'test', { resume: 'off' });
  // Four sockets buffer on the way, and an end takes its time past two sides that do not read.
  return { a, b, clock, maxQueuedBytes: 16 * MIB, pausedEndMs: 8_000, dispose: () => trio.close() };
});
