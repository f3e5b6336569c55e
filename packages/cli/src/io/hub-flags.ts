// The options of `hub start` and `hub config` that are settings of the hub: how people type them, and where they belong.
import type { FlagValue } from '@streams/hub';
import { type Command, InvalidArgumentError } from 'commander';
import { portOption } from './port-option.ts';

/** What was typed; the names are commander's. */
export interface HubFlags {
  readonly config?: string | undefined;
  readonly data?: string | undefined;
  readonly port?: number | undefined;
  readonly listen?: string | undefined;
  readonly hostName?: readonly string[] | undefined;
  readonly tlsCert?: string | undefined;
  readonly tlsKey?: string | undefined;
  /** In milliseconds. */
  readonly keepAlive?: number | undefined;
  /** In milliseconds. */
  readonly drain?: number | undefined;
  /** In milliseconds. */
  readonly handOver?: number | undefined;
}

interface Flag {
  readonly flag: string;
  readonly path: readonly string[];
  readonly option: keyof HubFlags;
}

/** In the order in which they stand in the help. */
export const FLAGS: readonly Flag[] = [
  { flag: '--port', path: ['listen', 'port'], option: 'port' },
  { flag: '--listen', path: ['listen', 'host'], option: 'listen' },
  { flag: '--host-name', path: ['hostNames'], option: 'hostName' },
  { flag: '--data', path: ['dataDirectory'], option: 'data' },
  { flag: '--tls-cert', path: ['tls', 'certFile'], option: 'tlsCert' },
  { flag: '--tls-key', path: ['tls', 'keyFile'], option: 'tlsKey' },
  { flag: '--keep-alive', path: ['keepAliveMs'], option: 'keepAlive' },
  { flag: '--drain', path: ['drain', 'limitMs'], option: 'drain' },
  { flag: '--hand-over', path: ['drain', 'withinMs'], option: 'handOver' },
];

/** Gives a command these options. */
export function withHubFlags(command: Command): Command {
  return command
    .option('--config <file>', 'settings of the hub, in JSON; the options below beat them (default: $STREAMS_HUB_CONFIG, or none)')
    .option('--port <number>', 'where to listen; 0 takes a free port (default: 8443)', portOption)
    .option('--listen <address>', 'address to listen on (default: all)')
    .option('--host-name <name...>', 'names of the hub, besides its own; the first goes into connection strings')
    .option('--data <dir>', 'data directory (default: ~/.streams)')
    .option('--tls-cert <file>', 'certificate of your own, in PEM, instead of one of the own CA')
    .option('--tls-key <file>', 'its private key')
    .option(
      '--keep-alive <seconds>',
      'ping silent connections as often, 1 to 15, for networks that forget them sooner (default: 15)',
      seconds(1, 15),
    )
    .option(
      '--drain <seconds>',
      'at the end, let open streams finish for as long; a second signal ends them at once (default: 8)',
      seconds(0, 3_600),
    )
    .option(
      '--hand-over <seconds>',
      'at the end, where another hub takes over under the same name: devices and their sessions go there within this time',
      seconds(0, 3_600),
    );
}

/** What was typed, as settings. */
export function flagValues(typed: HubFlags): FlagValue[] {
  return FLAGS.map(({ flag, path, option }) => ({ flag, path, value: typed[option] }));
}

/** Reads a whole number of seconds, and gives milliseconds. */
function seconds(least: number, most: number): (text: string) => number {
  return (text) => {
    const number = /^\d{1,4}$/.test(text) ? Number(text) : Number.NaN;
    if (number >= least && number <= most) return number * 1_000;
    throw new InvalidArgumentError(`expected a whole number of seconds from ${least} to ${most}`);
  };
}
