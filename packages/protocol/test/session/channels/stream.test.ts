// A DeviceStream over a channel passes the suite of all streams. Over the implicit one it does so through the hub.
import { type CompliancePair, FakeClock, streamCompliance } from '@streams/testkit';
import { ChannelLeg } from '../../../src/session/channels/channel-leg.ts';
import { DeviceStream } from '../../../src/stream/device-stream.ts';
import { type SessionEnd, sessionPair } from '../../support/channel-pair.ts';

streamCompliance('over a channel', async () => {
  const ends = sessionPair();
  const legA = new ChannelLeg((handler) => ends.service.channels.open(new Uint8Array(0), handler));
  ends.service.flush();
  const legB = new ChannelLeg((handler) => ends.device.requests[0]!.accept(handler));
  return pairOf(ends, legA, legB);
});

function pairOf({ service, device }: { service: SessionEnd; device: SessionEnd }, legA: ChannelLeg, legB: ChannelLeg): CompliancePair {
  const info = { id: 'an id', name: 'default', deviceId: 'pump-7', protocol: 'streams.session.v1' };
  const clock = new FakeClock();
  const [a, b] = [new DeviceStream(legA, info, clock), new DeviceStream(legB, info, clock)];
  const lose = (own: SessionEnd, other: SessionEnd) => (): void => {
    own.channels.lose(1006, '');
    setImmediate(() => other.channels.lose(4410, ''));
  };
  const dispose = async (): Promise<void> => {
    for (const stream of [a, b]) stream.destroy();
    await Promise.all([a.outcome, b.outcome]);
  };
  return { a, b, clock, kill: { a: lose(service, device), b: lose(device, service) }, maxQueuedBytes: 4_194_304, dispose };
}
