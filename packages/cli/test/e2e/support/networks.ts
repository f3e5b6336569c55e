// Network namespaces as machines: hub, device and service, each on a network of its own, and a router between them.
import assert from 'node:assert/strict';
import { needs, run } from '../../../../../test/support/programs.ts';

export type Machine = 'hub' | 'device' | 'service';
type Namespace = Machine | 'router';

/** The router is `.1` on each. The device has a second network to move to. */
const NETWORKS: Readonly<Record<Machine, string>> = { hub: '10.77.1', device: '10.77.2', service: '10.77.3' };
const OTHER_NETWORK = '10.77.4';
export const HUB_ADDRESS: string = addressOf('hub');
export const DEVICE_ADDRESS: string = addressOf('device');

/** Nothing comes in but answers, and nothing goes out but to the hub's port 443. */
const FIREWALL = `table inet firewall {
  chain input { type filter hook input priority 0; policy drop; iif lo accept; ct state established accept; }
  chain output { type filter hook output priority 0; policy drop; oif lo accept; ip daddr ${HUB_ADDRESS} tcp dport 443 accept; }
}`;

let made = 0;

export class Networks {
  readonly #id = `streams-e2e-${process.pid}-${(made += 1)}`;
  readonly #namespaces: string[] = [];

  static async make(): Promise<Networks> {
    const networks = new Networks();
    try {
      await networks.#make();
    } catch (error) {
      await networks.remove();
      const why = 'this test makes network namespaces: it must be root, with CAP_SYS_ADMIN and CAP_NET_ADMIN';
      throw new Error(`${why}: ${(error as Error).message}`, { cause: error });
    }
    return networks;
  }

  /** What stands in front of a command on that machine. */
  prefix(namespace: Namespace): [program: string, ...args: string[]] {
    return [needs('/usr/bin/ip', 'iproute2'), 'netns', 'exec', this.#name(namespace)];
  }

  /** From now on the device is unreachable, but for what it begins itself, with the hub's port 443. */
  async closeDevice(): Promise<void> {
    await this.#in('device', needs('/usr/sbin/nft', 'nftables'), FIREWALL);
  }

  /** The cable between router and device. */
  async connectDevice(connected: boolean): Promise<void> {
    await this.#ip('router', 'link', 'set', 'device', connected ? 'up' : 'down');
  }

  /** The device leaves its network for another, where it has another address. */
  async moveDevice(): Promise<void> {
    await this.#ip('router', 'addr', 'add', `${OTHER_NETWORK}.1/24`, 'dev', 'device');
    await this.#ip('device', 'addr', 'flush', 'dev', 'uplink');
    await this.#ip('device', 'addr', 'add', `${OTHER_NETWORK}.2/24`, 'dev', 'uplink');
    await this.#ip('device', 'route', 'add', 'default', 'via', `${OTHER_NETWORK}.1`);
  }

  /** Whether a TCP connection comes about. */
  async reaches(from: Machine, address: string, port: number): Promise<boolean> {
    const [program, ...args] = [...this.prefix(from), needs('/bin/nc.openbsd', 'netcat-openbsd'), '-z', '-w', '1', address, `${port}`];
    return (await run(program, args)).code === 0;
  }

  async remove(): Promise<void> {
    for (const name of this.#namespaces.splice(0)) await ip('netns', 'delete', name);
  }

  async #make(): Promise<void> {
    await this.#add('router');
    await this.#in('router', needs('/usr/sbin/sysctl', 'procps'), '-q', 'net.ipv4.ip_forward=1');
    for (const machine of ['hub', 'device', 'service'] as const) {
      await this.#add(machine);
      await ip(
        'link',
        'add',
        machine,
        'netns',
        this.#name('router'),
        'type',
        'veth',
        'peer',
        'name',
        'uplink',
        'netns',
        this.#name(machine),
      );
      await this.#ip('router', 'addr', 'add', `${NETWORKS[machine]}.1/24`, 'dev', machine);
      await this.#ip('router', 'link', 'set', machine, 'up');
      await this.#ip(machine, 'addr', 'add', `${addressOf(machine)}/24`, 'dev', 'uplink');
      await this.#ip(machine, 'link', 'set', 'uplink', 'up');
      await this.#ip(machine, 'route', 'add', 'default', 'via', `${NETWORKS[machine]}.1`);
    }
  }

  async #add(namespace: Namespace): Promise<void> {
    const name = this.#name(namespace);
    await ip('netns', 'add', name);
    this.#namespaces.push(name);
    await this.#ip(namespace, 'link', 'set', 'lo', 'up');
  }

  #name(namespace: Namespace): string {
    return `${this.#id}-${namespace}`;
  }

  #ip(namespace: Namespace, ...args: string[]): Promise<void> {
    return ip('-n', this.#name(namespace), ...args);
  }

  async #in(namespace: Namespace, program: string, ...args: string[]): Promise<void> {
    await succeed(...this.prefix(namespace), program, ...args);
  }
}

function addressOf(machine: Machine): string {
  return `${NETWORKS[machine]}.2`;
}

function ip(...args: string[]): Promise<void> {
  return succeed(needs('/usr/bin/ip', 'iproute2'), ...args);
}

async function succeed(program: string, ...args: string[]): Promise<void> {
  const { code, stderr } = await run(program, args);
  assert(code === 0, `${program} ${args.join(' ')}: ${stderr}`);
}
