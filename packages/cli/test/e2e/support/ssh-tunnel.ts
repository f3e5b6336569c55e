// sshd behind a device proxy, for the tests of one file, and the ways to log in to it.
import { afterAll, beforeAll } from 'vitest';
import { needs, type Output, run, Scratch } from '../../../../../test/support/programs.ts';
import { type Sshd, startSshd, USER } from '../../../../../test/support/sshd.ts';
import { DEVICE, Tunnel } from './tunnel.ts';

const SSH = needs('/usr/bin/ssh', 'openssh-client');

/** There from the first test of the file to its last. */
export class SshTunnel {
  scratch!: Scratch;
  /** A test that ends it may start another one at its port. */
  sshd!: Sshd;
  tunnel!: Tunnel;

  /** Starts all before the tests of the file that calls it, and ends it after them. */
  constructor() {
    beforeAll(async () => {
      this.scratch = await Scratch.make();
      this.sshd = await startSshd(this.scratch);
      this.tunnel = await Tunnel.start({ services: { ssh: `127.0.0.1:${this.sshd.port}` } });
    });
    afterAll(async () => {
      await this.tunnel?.stop();
      await this.sshd?.stop();
      await this.scratch?.remove();
    });
  }

  /** ssh to the port of `streams proxy`. */
  readonly overProxy = (args: readonly string[], input: string | Buffer = ''): Promise<Output> => {
    return run(SSH, [...this.sshd.options, '-p', `${this.tunnel.port('ssh')}`, `${USER}@127.0.0.1`, ...args], { input });
  };

  /** ssh by `streams connect`, as a person would type it. */
  readonly overConnect = (args: readonly string[], input?: string | Buffer, service = 'ssh'): Promise<Output> => {
    const way = ['-o', `ProxyCommand=streams connect ${DEVICE} ${service}`, `${USER}@${DEVICE}`];
    return this.tunnel.runProgramAsService([SSH, ...this.sshd.options, ...way, ...args], input);
  };

  /** `streams ssh`. */
  readonly overStreamsSsh = (args: readonly string[], input?: string | Buffer): Promise<Output> => {
    return this.tunnel.runAsService(['ssh', DEVICE, '--', ...this.sshd.options, '-l', USER, ...args], input);
  };
}
