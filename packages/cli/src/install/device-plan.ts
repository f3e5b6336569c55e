// What `streams device install` would do: the parts of the unit, where it goes, and what is left for a person to type.
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { createError } from '@streams/protocol/internal';
import type { Services } from '../io/service-option.ts';
import type { UnitParts } from './device-unit.ts';
import { checkProgram, checkVisible, currentPrograms, type Programs, quotedPath } from './programs.ts';

/** What the command was told. */
export interface InstallOptions {
  readonly user?: boolean | undefined;
  readonly service?: Services | undefined;
  readonly config?: string | undefined;
  readonly connectionStringFile?: string | undefined;
}

/** See the top of this file. */
export interface InstallPlan extends UnitParts {
  /** Where the unit goes. */
  readonly file: string;
}

const NAME = 'streams-device.service';

/** @throws `STREAMS_INVALID_ARGUMENT` that names the option and what to do. */
export function planInstall(options: InstallOptions, programs: Programs = currentPrograms()): InstallPlan {
  const { user = false, connectionStringFile } = options;
  const configuration = user ? process.env['XDG_CONFIG_HOME'] || join(homedir(), '.config') : '/etc';
  const config = options.config === undefined ? undefined : resolve(options.config);
  checkProgram(programs.node);
  if (!user) for (const path of [programs.node, programs.main, config ?? '/']) checkVisible(path, ', or give --user');
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
  const secret = [`${sudo}install -D -m 600 /dev/stdin ${quotedPath(file)}   # paste the device's connection string, then Ctrl-D`];
  return [
    ...(hasString ? [`${sudo}chmod 600 ${quotedPath(file)}`] : secret),
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
