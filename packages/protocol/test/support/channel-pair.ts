// Two ends of a session without a link between: what one composes the other receives, a turn later. Tests can hold it up, and look.
import { Channels, type ChannelsOptions } from '../../src/session/channels/channels.ts';
import type { Channel, ChannelHandler, ChannelReset } from '../../src/session/channels/channel.ts';
import type { ChannelRequest } from '../../src/session/channels/channel-request.ts';
import type { SessionRole } from '../../src/wire/session-hello.ts';
import { type LinkPort, SessionFailure } from '../../src/session/seam.ts';
import { decodeSessionFrames, type SessionFrame } from '../../src/wire/session-frames.ts';

const RESERVED_BYTES = 8;

/** What a test may set, for each end. */
export type EndOptions = Partial<Omit<ChannelsOptions, 'role' | 'link'>> & { readonly maxFramesBytes?: number };

/** One end, and what comes out of it. */
export class SessionEnd implements LinkPort {
  readonly channels: Channels;
  readonly requests: ChannelRequest[] = [];
  /** How often both ENDs were seen. */
  ends = 0;
  failure: SessionFailure | undefined;
  /** While true nothing is composed, as with a full replay window. */
  isHeld = false;
  /** Frame bytes of each message that went out. */
  readonly sent: number[] = [];
  /** How often a quiet channel was said to have woken up. */
  quietWakes = 0;
  readonly #maxFramesBytes: number;
  #peer: SessionEnd | undefined;
  #isScheduled = false;

  constructor(role: SessionRole, { maxFramesBytes = 131_064, ...options }: EndOptions = {}) {
    this.#maxFramesBytes = maxFramesBytes;
    const onRequest = (request: ChannelRequest): void => void this.requests.push(request);
    const onEnded = (): void => void (this.ends += 1);
    this.channels = new Channels({ onRequest, onEnded, ...options, role, link: this });
  }

  join(peer: SessionEnd): void {
    this.#peer = peer;
  }

  wake(quiet?: 'quiet'): void {
    if (quiet) this.quietWakes += 1;
    if (this.#isScheduled || this.isHeld) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      if (!this.isHeld) this.flush();
    });
  }

  release(): void {
    this.isHeld = false;
    this.wake();
  }

  /** Sends all that there is. */
  flush(): void {
    for (let frames = this.compose(); frames; frames = this.compose()) this.#peer?.receive(frames);
  }

  /** The frames of the next message. */
  compose(): Buffer | undefined {
    const message = this.channels.compose(RESERVED_BYTES, this.#maxFramesBytes);
    if (message) this.sent.push(message.length - RESERVED_BYTES);
    return message?.subarray(RESERVED_BYTES);
  }

  /** All frames that would go out now. */
  frames(): SessionFrame[] {
    const frames: SessionFrame[] = [];
    for (let bytes = this.compose(); bytes; bytes = this.compose()) frames.push(...decodeSessionFrames(bytes));
    return frames;
  }

  receive(frames: Buffer): void {
    if (this.failure) return;
    try {
      this.channels.receive(frames);
    } catch (error) {
      if (!(error instanceof SessionFailure)) throw error;
      this.failure = error;
      this.channels.lose(4411, error.message);
      this.#peer?.channels.lose(4411, error.message);
    }
  }
}

/** Two joined ends that know each other's limits. */
export function sessionPair(service: EndOptions = {}, device: EndOptions = {}): { service: SessionEnd; device: SessionEnd } {
  const ends = { service: new SessionEnd('service', service), device: new SessionEnd('device', device) };
  ends.service.join(ends.device);
  ends.device.join(ends.service);
  const limits = { initialWindowBytes: 131_072, maxChannels: 4_096 };
  ends.service.channels.onPeer(device.limits ?? { ...limits, maxChannels: 512 });
  ends.device.channels.onPeer(service.limits ?? limits);
  return ends;
}

/** Writes down what happens on a channel. */
export class Recorder implements ChannelHandler {
  readonly events: string[] = [];
  readonly chunks: Uint8Array[] = [];
  metadata = '';
  reset: ChannelReset | undefined;

  get text(): string {
    return Buffer.concat(this.chunks).toString();
  }

  get bytes(): number {
    return this.chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  }

  onAccepted(metadata: Uint8Array): void {
    this.metadata = Buffer.from(metadata).toString();
    this.events.push('accepted');
  }

  onData(chunk: Uint8Array): void {
    this.chunks.push(chunk);
  }

  onEnd(): void {
    this.events.push('end');
  }

  onDrain(): void {
    this.events.push('drain');
  }

  onReset(reset: ChannelReset): void {
    this.reset = reset;
    this.events.push(`reset ${reset.code}`);
  }

  onClosed(): void {
    this.events.push('closed');
  }
}

/** A channel from service to device, accepted, and both flowing. */
export async function openChannel(
  { service, device }: { service: SessionEnd; device: SessionEnd },
  near: ChannelHandler = new Recorder(),
  far: ChannelHandler = new Recorder(),
): Promise<[near: Channel, far: Channel]> {
  const own = service.channels.open(new Uint8Array(0), near);
  while (device.requests.length === 0) await turn();
  const other = (device.requests.pop() as ChannelRequest).accept(far);
  while (!own.isAccepted) await turn();
  own.resume();
  other.resume();
  return [own, other];
}

/** One turn of the event loop. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Some turns: enough for a few messages each way. */
export async function turns(count = 6): Promise<void> {
  for (let i = 0; i < count; i += 1) await turn();
}
