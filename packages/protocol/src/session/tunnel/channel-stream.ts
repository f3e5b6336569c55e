// A channel that this side has opened, as a stream that tells whether the other side has accepted it.
import { DeviceStream } from '../../stream/device-stream.ts';
import type { Clock } from '../../time/clock.ts';
import { SESSION_PROTOCOL } from '../../wire/versions.ts';
import type { ChannelLeg } from '../channels/channel-leg.ts';
import type { TunnelInfo } from './tunnel.ts';

/** A stream on a channel of a {@link Tunnel}; `id`, `name` and `deviceId` are those of the tunnel. */
export class ChannelStream extends DeviceStream {
  /**
   * Resolves with what the other side has said with its acceptance; rejects with `STREAMS_CHANNEL_RESET`, whose `resetCode` and
   * `reason` are the other side's, where it has rejected. Nobody needs to listen.
   */
  readonly accepted: Promise<Uint8Array>;

  /** Made by {@link Tunnel.openChannel}. @internal */
  constructor(leg: ChannelLeg, info: TunnelInfo, clock: Clock) {
    super(leg, { ...info, protocol: SESSION_PROTOCOL }, clock);
    this.accepted = leg.accepted;
  }
}
