// An agent of Node's HTTP client whose connections are streams to a device: no port, no listener, kept alive between requests.
import { Agent, type ClientRequestArgs } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ServiceClient } from '@streams/service';

export class StreamAgent extends Agent {
  readonly #open: () => Promise<Duplex>;

  constructor(service: ServiceClient, deviceId: string, name: string) {
    super({ keepAlive: true });
    this.#open = () => service.createStream(deviceId, { name });
  }

  override createConnection(_options: ClientRequestArgs, callback: (error: Error | null, connection: Duplex) => void): undefined {
    this.#open().then(
      (stream) => callback(null, stream),
      (error: Error) => callback(error, undefined as never),
    );
  }

  /** Node would set options of TCP, which a stream does not have. */
  override keepSocketAlive(): boolean {
    return true;
  }

  override reuseSocket(): void {}
}
