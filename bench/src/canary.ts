// One stream whose every byte is compared, and timed, while others have their storm.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { DeviceClient } from '@streams/device';
import { type DeviceStream, ServiceClient } from '@streams/service';

const EVERY_MS = 20;
const MESSAGE = Buffer.alloc(64, 7);

/** See the top of this file. */
export class Canary {
  readonly #device: DeviceClient;
  readonly #service: ServiceClient;
  readonly #stream: DeviceStream;
  readonly #ticking: NodeJS.Timeout;
  readonly #sent = createHash('sha256');
  readonly #received = createHash('sha256');
  #sentBytes = 0;
  #receivedBytes = 0;
  /** When each message went, by the bytes up to its end. */
  readonly #waiting = new Map<number, number>();
  #worstMs = 0;

  private constructor(device: DeviceClient, service: ServiceClient, stream: DeviceStream) {
    this.#device = device;
    this.#service = service;
    this.#stream = stream;
    stream.on('data', (chunk: Buffer) => this.#take(chunk));
    this.#ticking = setInterval(() => this.#tick(), EVERY_MS);
  }

  static async start(device: string, service: string): Promise<Canary> {
    const [deviceClient, serviceClient] = [DeviceClient.fromConnectionString(device), ServiceClient.fromConnectionString(service)];
    deviceClient.onStreamRequest(async (request) => {
      const stream = await request.accept();
      stream.pipe(stream);
    });
    await deviceClient.connect();
    return new Canary(deviceClient, serviceClient, await serviceClient.createStream('bench-0', { resume: 'required' }));
  }

  /** The longest that a message was on its way there and back since the last question, in milliseconds. */
  worstMs(): number {
    const now = performance.now();
    const worstMs = Math.max(this.#worstMs, ...[...this.#waiting.values()].map((sentMs) => now - sentMs));
    this.#worstMs = 0;
    return worstMs;
  }

  /** Ends the stream; true if all that was sent has come back. */
  async intact(): Promise<boolean> {
    clearInterval(this.#ticking);
    this.#stream.end();
    await once(this.#stream, 'end');
    await Promise.all([this.#service.close(), this.#device.close()]);
    return this.#sentBytes === this.#receivedBytes && this.#sent.digest('hex') === this.#received.digest('hex');
  }

  #tick(): void {
    if (this.#stream.writableNeedDrain) return;
    MESSAGE.writeUInt32LE(this.#sentBytes % 2 ** 32);
    this.#stream.write(Buffer.from(MESSAGE));
    this.#sent.update(MESSAGE);
    this.#sentBytes += MESSAGE.length;
    this.#waiting.set(this.#sentBytes, performance.now());
  }

  #take(chunk: Buffer): void {
    this.#received.update(chunk);
    this.#receivedBytes += chunk.length;
    for (const [upTo, sentMs] of this.#waiting) {
      if (upTo > this.#receivedBytes) break;
      this.#waiting.delete(upTo);
      this.#worstMs = Math.max(this.#worstMs, performance.now() - sentMs);
    }
  }
}
