// A stream over a leg in memory whose other end is the test's own: it says whatever a peer may say.
import { FakeClock } from '@streams/testkit';
import type { StreamTerminatedError } from '../../src/errors/kinds.ts';
import type { Leg, LegEnd } from '../../src/leg/leg.ts';
import { memoryLegPair } from '../../src/leg/memory-leg.ts';
import { DeviceStream, type StreamOutcome } from '../../src/stream/device-stream.ts';
import { finFrame, FRAME_HEADER_BYTES, markData } from '../../src/wire/frames.ts';
import { endOf, messagesOf } from './legs.ts';

/** A data frame. */
export function dataFrame(payload: Uint8Array | string): Uint8Array {
  const bytes = Buffer.from(payload as Uint8Array);
  const frame = Buffer.alloc(FRAME_HEADER_BYTES + bytes.length);
  markData(frame);
  bytes.copy(frame, FRAME_HEADER_BYTES);
  return frame;
}

/** The stream, its peer, and all that both have seen. */
export class HalfStream {
  readonly clock: FakeClock = new FakeClock();
  readonly stream: DeviceStream;
  readonly peer: Leg;
  /** What the stream has emitted, in order. */
  readonly events: string[] = [];
  readonly errors: StreamTerminatedError[] = [];
  /** What came to the peer. */
  readonly received: Buffer[];
  readonly peerEnd: Promise<LegEnd>;

  constructor(protocol?: string) {
    const [leg, peer] = memoryLegPair(this.clock);
    this.stream = new DeviceStream(leg, { id: 'an id', name: 'echo', deviceId: 'pump-7', protocol }, this.clock);
    this.peer = peer;
    for (const name of ['end', 'finish', 'close']) this.stream.on(name, () => this.events.push(name));
    this.stream.on('error', (error) => {
      this.events.push('error');
      this.errors.push(error as StreamTerminatedError);
    });
    this.received = messagesOf(peer) as Buffer[];
    this.peerEnd = endOf(peer);
  }

  /** The peer reads from now on. */
  reading(): this {
    this.peer.resume();
    return this;
  }

  /** Lets everything under way arrive. */
  async turns(count = 12): Promise<void> {
    for (let turn = 0; turn < count; turn += 1) await new Promise(setImmediate);
  }

  sendData(payload: Uint8Array | string): void {
    this.peer.send(dataFrame(payload));
  }

  sendFin(): void {
    this.peer.send(finFrame());
  }

  /** How the stream has ended, or `still open`. */
  async outcome(): Promise<StreamOutcome | 'still open'> {
    await this.turns();
    return await Promise.race([this.stream.outcome, new Promise<'still open'>((resolve) => setImmediate(() => resolve('still open')))]);
  }
}
