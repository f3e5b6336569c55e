// Streams to a device that reads none of them, until their hub has had enough.
import { DeviceClient } from '@streams/device';
import { type DeviceStream, ServiceClient, StreamsError } from '@streams/service';
import type { HubProcess } from './hub-process.ts';

/** What came of a stream that was ended, in the order of the ends. */
export interface Ended {
  /** Its place in the order in which they were opened. */
  readonly index: number;
  readonly error: StreamsError;
}

/** More than the kernel takes for a reader that has stopped. */
const OFFERED = Buffer.alloc(16 * 2 ** 20);
const AT_ONCE = 10;
const PAUSE_MS = 10;

/** See the top of this file. */
export class StoppedReaders {
  readonly streams: DeviceStream[] = [];
  readonly ended: Ended[] = [];
  readonly #service: ServiceClient;
  readonly #device: DeviceClient;

  private constructor(service: ServiceClient, device: DeviceClient) {
    this.#service = service;
    this.#device = device;
  }

  static async connect(test: HubProcess): Promise<StoppedReaders> {
    const device = DeviceClient.fromConnectionString(await test.deviceConnectionString('slow'));
    const service = ServiceClient.fromConnectionString(await test.serviceConnectionString());
    device.onStreamRequest(async (request) => void (await request.accept()).on('error', () => undefined));
    await device.connect();
    return new StoppedReaders(service, device);
  }

  /** Opens so many, which carry nothing yet. @throws what the hub says to one of them. */
  async open(count: number): Promise<void> {
    let left = count;
    const lane = async (): Promise<void> => {
      while (left > 0) {
        left -= 1;
        await this.#one();
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, lane));
  }

  /** Fills those from `from` on, in their order, some in each turn: all at once would keep this process itself from reading. */
  async fill(from = 0): Promise<void> {
    for (let first = from; first < this.streams.length; first += AT_ONCE) {
      for (const stream of this.streams.slice(first, first + AT_ONCE)) stream.write(OFFERED);
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }

  /** Opens and fills one after the other. @returns the refusal, and after how many. */
  async openUntilRefused(mostStreams: number): Promise<StreamsError> {
    while (this.streams.length < mostStreams) {
      try {
        await this.#one();
      } catch (error) {
        if (StreamsError.is(error)) return error;
        throw error;
      }
      await this.fill(this.streams.length - 1);
    }
    throw new Error(`none of ${mostStreams} was refused`);
  }

  async close(): Promise<void> {
    this.#service.destroy();
    this.#device.destroy();
    await Promise.all([this.#service.close(), this.#device.close()]);
  }

  async #one(): Promise<void> {
    const stream = await this.#service.createStream('slow', { resume: 'off' });
    const index = this.streams.push(stream) - 1;
    stream.on('error', (error) => this.ended.push({ index, error: error as StreamsError }));
  }
}
