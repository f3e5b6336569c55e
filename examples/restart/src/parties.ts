// The product in its places: a hub, and a device and a desk that reach it through networks of their own.
import { freePort } from '../../../test/support/programs.ts';
import type { Closing } from './closing.ts';
import { Network } from './network.ts';
import { Streams, type StreamsSettings } from './streams.ts';

/** Nobody but the proxies knows it: programs reach what is on their own machine without a proxy. */
const HUB_NAME = 'hub.example';
export const DEVICE = 'pump-7';

interface Networks {
  readonly device: Network;
  readonly desk: Network;
}

/** See the file's head. */
export class Parties {
  readonly networks: Networks;
  /** The desk's ports, by the names of the streams. */
  readonly ports: Map<string, number> = new Map();
  /** How the desk runs commands of its own. */
  desk: StreamsSettings;
  readonly #hubPort: number;
  #hub: Streams;
  #proxies: readonly Streams[] = [];
  #isStopped = false;

  private constructor(home: string, hubPort: number, networks: Networks) {
    this.networks = networks;
    this.#hubPort = hubPort;
    this.desk = { home, httpsProxy: networks.desk.url };
    this.#hub = this.#startHub();
  }

  /** @param services Stream name -> port on the device. */
  static async start(home: string, services: Readonly<Record<string, number>>, closing: Closing): Promise<Parties> {
    const hubPort = await freePort();
    const startNetwork = async (): Promise<Network> => closing.add(await Network.start(hubPort), (network) => network.close());
    const networks = { device: await startNetwork(), desk: await startNetwork() };
    const parties = closing.add(new Parties(home, hubPort, networks), (each) => each.#stop());
    await parties.#startProxies(services);
    return parties;
  }

  /** Kills the hub as a power cut would, and starts it again where it was. Gives how long that took, in milliseconds. */
  async restartHub(): Promise<number> {
    const startMs = performance.now();
    await this.#hub.kill();
    this.#hub = this.#startHub();
    await this.#hub.line(SERVICE);
    return performance.now() - startMs;
  }

  /** What the proxies have printed. */
  get lines(): readonly string[] {
    return this.#proxies.flatMap((proxy) => proxy.lines);
  }

  #startHub(): Streams {
    if (this.#isStopped) throw new Error('the demo is over');
    const args = ['hub', 'start', '--host-name', HUB_NAME, '--listen', '127.0.0.1', '--port', String(this.#hubPort), '--json'];
    return new Streams(args, { home: this.desk.home });
  }

  async #startProxies(services: Readonly<Record<string, number>>): Promise<void> {
    const { home } = this.desk;
    this.desk = { ...this.desk, connectionString: await this.#hub.line(SERVICE) };
    const device = {
      home,
      connectionString: await Streams.run(['devices', 'create', DEVICE], { home }),
      httpsProxy: this.networks.device.url,
    };
    const targets = Object.entries(services).flatMap(([name, port]) => ['--service', `${name}=127.0.0.1:${port}`]);
    const forwards = Object.keys(services).flatMap((name) => ['--forward', `0:${name}`]);
    const atDevice = new Streams(['device', 'proxy', ...targets], device);
    const atDesk = new Streams(['proxy', DEVICE, ...forwards], this.desk);
    this.#proxies = [atDevice, atDesk];
    await atDevice.line(new RegExp(`(${DEVICE} is connected)`));
    for (const name of Object.keys(services))
      this.ports.set(name, Number(await atDesk.line(new RegExp(`^${name}: 127\\.0\\.0\\.1:(\\d+)$`))));
  }

  async #stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all([this.#hub, ...this.#proxies].map((each) => each.kill()));
  }
}

const SERVICE = /"serviceConnectionString":"([^"]+)"/;
