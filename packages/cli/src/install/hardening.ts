// What every unit of ours forbids its service (systemd.exec).

/** Only the system's manager can do this; that of a user may not make namespaces of files, users or devices. */
export const SEEN: readonly string[] = [
  '# What it sees: the system read-only, no homes, no devices, no files or processes of others.',
  'ProtectSystem=strict',
  'ProtectHome=yes',
  'PrivateTmp=yes',
  'PrivateDevices=yes',
  'DevicePolicy=closed',
  'ProtectControlGroups=yes',
  'ProtectProc=invisible',
  'UMask=0077',
];

/** The same, of the machine as a whole. */
export const KERNEL: readonly string[] = [
  'ProtectClock=yes',
  'ProtectHostname=yes',
  'ProtectKernelLogs=yes',
  'ProtectKernelModules=yes',
  'ProtectKernelTunables=yes',
];

export const ALLOWED: readonly string[] = [
  '# What it may do. Netlink: the resolver asks which addresses this machine has. Unix: resolvers and the journal.',
  'NoNewPrivileges=yes',
  'RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK',
  'RestrictNamespaces=yes',
  'RestrictRealtime=yes',
  'RestrictSUIDSGID=yes',
  'LockPersonality=yes',
  'SystemCallArchitectures=native',
  'SystemCallFilter=@system-service',
  'SystemCallFilter=~@privileged',
  '# Node tries calls, such as those of io_uring, and does without what it may not; it should not be killed for it.',
  'SystemCallErrorNumber=EPERM',
  '# MemoryDenyWriteExecute=yes is not possible: V8 compiles JavaScript to machine code while it runs, and Node would end at once.',
];
