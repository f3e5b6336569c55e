// The product as its users run it: hub, device and service as commands, each with an empty home of its own.
import { readFile } from 'node:fs/promises';
import { type Ended, Home, type Running } from '../../support/command.ts';
import { freePort } from '../../../../../test/support/programs.ts';

export const DEVICE = 'pump-7';

/** What stands in front of the commands of each party, where they live in network namespaces. */
interface Prefixes {
  readonly hub?: readonly string[];
  readonly device?: readonly string[];
  readonly service?: readonly string[];
}

interface Address {
  readonly address: string;
  readonly port: number;
}

export interface TunnelOptions {
  /** Stream name -> target. */
  readonly services: Readonly<Record<string, string>>;
  /** Where the hub listens. Default: a free port of 127.0.0.1. */
  readonly hub?: Address;
  readonly prefixes?: Prefixes;
}

/** A hub, a device with `streams device proxy`, and a service with `streams proxy`. */
export class Tunnel {
  hub!: Running;
  deviceProxy!: Running;
  serviceProxy!: Running;
  readonly #options: TunnelOptions;
  readonly #homes: { readonly hub: Home; readonly device: Home; readonly service: Home };
  readonly #ports = new Map<string, number>();
  #hub: Address = { address: '', port: 0 };
  /** Each party has its own. */
  #deviceString = '';
  #serviceString = '';

  private constructor(options: TunnelOptions, homes: { hub: Home; device: Home; service: Home }) {
    this.#options = options;
    this.#homes = homes;
  }

  /** Resolves once a connection can be made. */
  static async start(options: TunnelOptions): Promise<Tunnel> {
    const { hub = [], device = [], service = [] } = options.prefixes ?? {};
    const homes = { hub: await Home.make(hub), device: await Home.make(device), service: await Home.make(service) };
    const tunnel = new Tunnel(options, homes);
    try {
      await tunnel.#startAll();
    } catch (error) {
      await tunnel.stop();
      throw error;
    }
    return tunnel;
  }

  async #startAll(): Promise<void> {
    this.#hub = this.#options.hub ?? { address: '127.0.0.1', port: await freePort() };
    await this.startHub();
    this.#deviceString = (await this.#administer('devices', 'create', DEVICE)).trim();
    this.startDeviceProxy();
    await this.startServiceProxy();
    await this.deviceProxy.prints(/pump-7 is connected/);
  }

  /** Starts the hub, or starts it again where it was. */
  async startHub(): Promise<void> {
    const { address, port } = this.#hub;
    this.hub = this.#homes.hub.start(['hub', 'start', '--listen', address, '--port', `${port}`, '--json']);
    const [line] = await this.hub.prints(/^\{.*\}\n/);
    this.#serviceString = (JSON.parse(line) as { serviceConnectionString: string }).serviceConnectionString;
  }

  startDeviceProxy(): void {
    const services = Object.entries(this.#options.services).flatMap(([name, target]) => ['--service', `${name}=${target}`]);
    this.deviceProxy = this.#homes.device.start(['device', 'proxy', ...services], this.#deviceString);
  }

  async startServiceProxy(): Promise<void> {
    const names = Object.keys(this.#options.services);
    const forwards = names.flatMap((name) => ['--forward', `0:${name}`]);
    this.serviceProxy = this.#homes.service.start(['proxy', DEVICE, ...forwards], this.#serviceString);
    for (const name of names) {
      const [, port] = await this.serviceProxy.prints(new RegExp(`^${name}: 127\\.0\\.0\\.1:(\\d+)$`, 'm'));
      this.#ports.set(name, Number(port));
    }
  }

  /** The local port of a forward. */
  port(name: string): number {
    return this.#ports.get(name) ?? 0;
  }

  /** A command as the service runs it, to its end; `input` is its standard input. */
  runAsService(args: readonly string[], input: string | Buffer = ''): Promise<Ended> {
    return this.#homes.service.run(args, this.#serviceString, input);
  }

  /** A program that finds the command `streams`, run by the service to its end. */
  async runProgramAsService(args: readonly string[], input: string | Buffer = ''): Promise<Ended> {
    const running = await this.#homes.service.startProgram(args, this.#serviceString);
    running.child.stdin?.end(input);
    return running.ended;
  }

  /** A command on the hub's machine; gives what it prints. */
  async #administer(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.#homes.hub.run(args);
    if (code !== 0) throw new Error(`streams ${args.join(' ')}: ${code}: ${stderr}`);
    return stdout;
  }

  /** The hub's resident memory in bytes. */
  async hubMemory(): Promise<number> {
    const status = await readFile(`/proc/${this.hub.child.pid}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
  }

  /** Ends everything, and removes the homes. */
  async stop(): Promise<void> {
    await Promise.all(Object.values(this.#homes).map((home) => home.remove()));
  }
}
