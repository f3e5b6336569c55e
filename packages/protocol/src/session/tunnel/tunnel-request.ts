// A channel that the other side of a tunnel has opened, as the application sees it: accept or reject, exactly once.
import { DeviceStream } from '../../stream/device-stream.ts';
import type { Clock } from '../../time/clock.ts';
import type { SentResetCode } from '../../wire/reset-codes.ts';
import { SESSION_PROTOCOL } from '../../wire/versions.ts';
import { MAX_REASON_BYTES } from '../../wire/limits.ts';
import { cutUtf8 } from '../../wire/encode.ts';
import { ChannelLeg } from '../channels/channel-leg.ts';
import type { ChannelRequest } from '../channels/channel-request.ts';
import type { TunnelInfo } from './tunnel.ts';

/** See {@link Tunnel.onChannelRequest}. */
export class TunnelRequest {
  /** What the other side says of the channel. */
  readonly metadata: Uint8Array;
  readonly #request: ChannelRequest;
  readonly #info: TunnelInfo;
  readonly #clock: Clock;

  /** @internal */
  constructor(request: ChannelRequest, info: TunnelInfo, clock: Clock) {
    this.metadata = request.metadata;
    this.#request = request;
    this.#info = info;
    this.#clock = clock;
  }

  /**
   * Accepts, with up to 8,192 bytes for the other side. The stream's `id`, `name` and `deviceId` are those of the tunnel.
   * @throws `STREAMS_INVALID_STATE` if it was answered before, `STREAMS_CHANNEL_RESET` where the other side has given up,
   * `STREAMS_TOO_LARGE` for the metadata.
   */
  accept(metadata: Uint8Array | string = ''): DeviceStream {
    const leg = new ChannelLeg((handler) => this.#request.accept(handler, Buffer.from(metadata)));
    return new DeviceStream(leg, { ...this.#info, protocol: SESSION_PROTOCOL }, this.#clock);
  }

  /**
   * Rejects.
   * @param reason For the other side's eyes; cut at 512 bytes of UTF-8.
   * @param code Why, for programs. Default: `REFUSED`.
   * @throws `STREAMS_INVALID_STATE` if it was answered before.
   */
  reject(reason = '', code: SentResetCode = 'REFUSED'): void {
    this.#request.reject(code, cutUtf8(reason, MAX_REASON_BYTES));
  }

  /** The callback has thrown. @internal */
  fail(): void {
    if (!this.#request.isAnswered) this.#request.reject('INTERNAL');
  }
}
