// The systemd unit of a hub: what it runs, where its data is, and all that it may not do.
import { ALLOWED, KERNEL, SEEN } from './hardening.ts';
import type { Programs } from './programs.ts';
import { commandLine } from './systemd-words.ts';

/** Where the data of a service of this name is, for who administers the machine. */
export const HUB_DATA = '/var/lib/streams';

/** What the unit is made of. */
export interface HubUnitParts extends Programs {
  /** Of `streams hub start`, besides the data directory. */
  readonly options: readonly string[];
}

export function hubUnitText({ node, main, options }: HubUnitParts): string {
  return `${[
    '# Made by `streams hub install`, which writes it anew. Changes of your own: `systemctl edit`.',
    '[Unit]',
    'Description=Device streams: the hub',
    'Wants=network-online.target',
    'After=network-online.target',
    'StartLimitIntervalSec=0',
    '',
    '[Service]',
    'Type=exec',
    `ExecStart=${commandLine([node, main, 'hub', 'start', '--quiet', ...options])} --data "\${STATE_DIRECTORY}"`,
    ...LIFE,
    '',
    ...IDENTITY,
    '',
    ...SEEN,
    '',
    ...ALLOWED,
    ...KERNEL,
    '',
    '[Install]',
    'WantedBy=multi-user.target',
  ].join('\n')}\n`;
}

const LIFE = [
  '# Limits, policies and certificates are read again.',
  'ExecReload=/bin/kill -HUP $MAINPID',
  '# Devices and sessions wait for it, so it comes back at once; not where its configuration is wrong, which time does not mend.',
  'Restart=always',
  'RestartSec=1',
  'RestartPreventExitStatus=64 78',
  '# It drains first. A bound of more than a minute needs more time here.',
  'TimeoutStopSec=90',
  '# A device takes one descriptor, a stream two.',
  'LimitNOFILE=1048576',
];

const IDENTITY = [
  `# A user of its own for as long as it runs. Keys, devices and the log stay in ${HUB_DATA}, which is its alone (and root's).`,
  'DynamicUser=yes',
  'StateDirectory=streams',
  'StateDirectoryMode=0700',
  '# To listen on port 443, and nothing else of root.',
  'AmbientCapabilities=CAP_NET_BIND_SERVICE',
  'CapabilityBoundingSet=CAP_NET_BIND_SERVICE',
];
