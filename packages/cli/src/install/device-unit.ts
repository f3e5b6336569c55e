// The systemd unit of a device proxy: what it runs, and all that it may not do.
import { ALLOWED, KERNEL, SEEN } from './hardening.ts';
import type { Programs } from './programs.ts';
import { commandLine, value } from './systemd-words.ts';

/** What a unit is made of; all paths absolute. */
export interface UnitParts extends Programs {
  /** Runs in the manager of a user, not in the system's. */
  readonly user: boolean;
  /** Of `streams device proxy`, besides the connection string: `--service …` or `--config …`. */
  readonly options: readonly string[];
  readonly connectionStringFile: string;
}

export function unitText(parts: UnitParts): string {
  return `${[...(parts.user ? userUnit(parts) : systemUnit(parts))].join('\n')}\n`;
}

const HEAD = [
  '# Made by `streams device install`, which writes it anew. Changes of your own: `systemctl edit`.',
  '[Unit]',
  'Description=Device streams: services of this device, such as ssh',
];
const RUN = [
  '# It waits for a hub that cannot be reached by itself; whatever ends it, it comes back, and systemd does not give up.',
  'Restart=always',
  'RestartSec=5',
  'TimeoutStopSec=20',
];

function systemUnit(parts: UnitParts): string[] {
  return [
    ...HEAD,
    'Wants=network-online.target',
    'After=network-online.target',
    'StartLimitIntervalSec=0',
    '',
    '[Service]',
    'Type=exec',
    `ExecStart=${start(parts)} --connection-string-file "\${CREDENTIALS_DIRECTORY}/connection-string"`,
    ...RUN,
    '',
    '# A user of its own for as long as it runs. The key stays a file of root alone (mode 0600); the service gets a copy that only it can read.',
    'DynamicUser=yes',
    `LoadCredential=connection-string:${value(parts.connectionStringFile)}`,
    '',
    ...SEEN,
    'PrivateUsers=yes',
    '',
    ...ALLOWED,
    'CapabilityBoundingSet=',
    ...KERNEL,
    '',
    '[Install]',
    'WantedBy=multi-user.target',
  ];
}

/** The manager of a user may not make namespaces of files, users or devices: what needs them would keep the service from starting. */
function userUnit(parts: UnitParts): string[] {
  return [
    ...HEAD,
    'StartLimitIntervalSec=0',
    '',
    '[Service]',
    'Type=exec',
    `ExecStart=${start(parts)} ${commandLine(['--connection-string-file', parts.connectionStringFile])}`,
    ...RUN,
    '',
    ...ALLOWED,
    '',
    '[Install]',
    'WantedBy=default.target',
  ];
}

function start({ node, main, options }: UnitParts): string {
  return commandLine([node, main, 'device', 'proxy', ...options]);
}
