// What `streams device install` would do: the parts of the unit, where it goes, and what is left for a person to type.
import { realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { createError } from '@streams/protocol/internal';
import type { Services } from '../io/service-option.ts';
import type { UnitParts } from './unit.ts';

/** What the command was told. */
export interface InstallOptions {
  readonly user?: boolean | undefined;
  readonly service?: Services | undefined;
  readonly config?: string | undefined;
  readonly connectionStringFile?: string | undefined;
}

/** The programs that run now: the unit runs the same. */
export interface Programs {
  readonly node: string;
  readonly main: string;
}

/** See the top of this file. */
export interface InstallPlan extends UnitParts {
  /** Where the unit goes. */
  readonly file: string;
}

const NAME = 'streams-device.service';
/** What the system's unit does not see: homes, and temporary files of others. */
const HIDDEN = /^\/(?:home|root|run\/user|tmp|var\/tmp)(?:\/|$)/;

function currentPrograms(): Programs {
  return { node: process.execPath, main: realpathSync(process.argv[1] ?? '') };
}

/** @throws `STREAMS_INVALID_ARGUMENT` that names the option and what to do. */
export function planInstall(options: InstallOptions, programs: Programs = currentPrograms()): InstallPlan {
  const { user = false, connectionStringFile } = options;
  const configuration = user ? process.env['XDG_CONFIG_HOME'] || join(homedir(), '.config') : '/etc';
  const config = options.config === undefined ? undefined : resolve(options.config);
  checkProgram(programs.node);
  if (!user) for (const path of [programs.node, programs.main, config ?? '/']) checkVisible(path);
  return {
    ...programs,
    user,
    options: proxyOptions(options, config),
    connectionStringFile: resolve(connectionStringFile ?? join(configuration, 'streams', 'connection-string')),
    file: join(configuration, 'systemd', user ? 'user' : 'system', NAME),
  };
}

/** What to type once the unit is there. @param hasString Whether the connection string is where the unit expects it. */
export function nextCommands({ user, connectionStringFile: file, file: unit }: InstallPlan, hasString: boolean): string[] {
  const sudo = user ? '' : 'sudo ';
  const systemctl = user ? 'systemctl --user' : 'sudo systemctl';
  const secret = [`${sudo}install -D -m 600 /dev/stdin ${quoted(file)}   # paste the device's connection string, then Ctrl-D`];
  return [
    ...(hasString ? [`${sudo}chmod 600 ${quoted(file)}`] : secret),
    `${systemctl} daemon-reload`,
    `${systemctl} enable --now ${NAME}`,
    ...(user ? ['loginctl enable-linger   # to run without a login, from the start of the machine'] : []),
    `${user ? 'journalctl --user-unit' : 'sudo journalctl -u'} ${NAME} -f   # what it says; the unit is ${unit}`,
  ];
}

function proxyOptions({ service }: InstallOptions, config: string | undefined): string[] {
  if ((service === undefined) === (config === undefined)) {
    throw createError('INVALID_ARGUMENT', {
      message: 'give what the device offers: either --service name=host:port, again for each, or --config FILE',
    });
  }
  if (config !== undefined) return ['--config', config];
  return Object.entries(service ?? {}).flatMap(([name, target]) => ['--service', `${name}=${target}`]);
}

/** Systemd takes any argument, but no such program. */
function checkProgram(path: string): void {
  if (!/["'\\]/.test(path)) return;
  throw createError('INVALID_ARGUMENT', { message: `systemd runs no program whose path has quotes or backslashes in it: ${path}` });
}

function checkVisible(path: string): void {
  if (!HIDDEN.test(path)) return;
  const message = `${path} is in a place that a service of the system does not see, as it should not`;
  const details = { remedy: 'install Node, @streams/cli and the configuration outside of homes and of /tmp, or give --user' };
  throw createError('INVALID_ARGUMENT', { message, details });
}

/** For a shell. */
function quoted(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
