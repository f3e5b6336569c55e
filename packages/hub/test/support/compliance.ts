// The compliance suite over a real hub with TLS: our service on one side, our device on the other.
import type { CreateStreamOptions } from '@streams/service';
import { FakeClock, streamCompliance } from '@streams/testkit';
import { openPair, startTrio } from './streams.ts';

const MIB = 2 ** 20;

/** Registers its cases. */
export function complianceThroughHub(title: string, options: CreateStreamOptions): void {
  streamCompliance(title, async () => {
    const clock = new FakeClock();
    const trio = await startTrio({ clock }, { clock }, { clock });
    const [a, b] = await openPair(trio, 'test', options);
    // Four sockets buffer on the way, and an end takes its time past two sides that do not read.
    return { a, b, clock, maxQueuedBytes: 16 * MIB, pausedEndMs: 8_000, dispose: () => trio.close() };
  });
}
