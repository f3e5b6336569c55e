// What `streams hub install` would do: the parts of the unit, where it goes, and what is left for a person to type.
import { resolve } from 'node:path';
import { HUB_DATA, type HubUnitParts } from './hub-unit.ts';
import { checkProgram, checkVisible, currentPrograms, type Programs } from './programs.ts';

/** What the command was told. */
export interface HubInstallOptions {
  readonly config?: string | undefined;
  readonly port?: number | undefined;
  readonly hostName?: readonly string[] | undefined;
}

/** See the top of this file. */
export interface HubInstallPlan extends HubUnitParts {
  /** Where the unit goes. */
  readonly file: string;
}

const NAME = 'streams-hub.service';

/** @throws `STREAMS_INVALID_ARGUMENT` that names the path and what to do. */
export function planHubInstall({ config, port, hostName = [] }: HubInstallOptions, programs: Programs = currentPrograms()): HubInstallPlan {
  const file = config === undefined ? undefined : resolve(config);
  checkProgram(programs.node);
  for (const path of [programs.node, programs.main, file ?? '/']) checkVisible(path);
  const options = [
    ...(file === undefined ? [] : ['--config', file]),
    ...(port === undefined ? [] : ['--port', String(port)]),
    ...(hostName.length === 0 ? [] : ['--host-name', ...hostName]),
  ];
  return { ...programs, options, file: `/etc/systemd/system/${NAME}` };
}

/** What to type once the unit is there. */
export function nextHubCommands({ file }: HubInstallPlan): string[] {
  return [
    'sudo systemctl daemon-reload',
    `sudo systemctl enable --now ${NAME}`,
    `sudo journalctl -u ${NAME} -f   # what it says; the unit is ${file}`,
    `sudo streams devices create pump-7 --data ${HUB_DATA}   # the first device`,
  ];
}
