// A hub for tests: real TLS on a free loopback port, a CA of its own, its log in memory.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { type LogRecord, systemClock } from '@streams/protocol/internal';
import type { HubOptions, TlsOptions } from './config/schema.ts';
import { createHub, type Hub } from './hub.ts';
import { issueLeaf, loadAuthority } from './tls/certificate-authority.ts';

export type { LogEndedBy, LogOperation, LogRecord, LogResult } from '@streams/protocol';

/** A running hub with one policy, `test`, that may do everything. */
export interface TestHub {
  readonly hub: Hub;
  readonly port: number;
  readonly url: string;
  /** The resource log so far. */
  readonly records: LogRecord[];
  /** Creates the device if need be. */
  deviceConnectionString(deviceId: string): Promise<string>;
  serviceConnectionString(policy?: string): Promise<string>;
  close(): Promise<void>;
}

/** Starts a hub on 127.0.0.1. @param options Replaces what it would choose by itself. @param port Default: a free one. */
export async function startTestHub(options: Partial<HubOptions> = {}, port = 0): Promise<TestHub> {
  const records: LogRecord[] = [];
  const ignore = (): void => undefined;
  const info = (fields: object): void => {
    if ('category' in fields) records.push({ time: new Date(clock.wallMs()).toISOString(), ...fields } as LogRecord);
  };
  const { hostNames = ['127.0.0.1'], clock = systemClock } = options;
  const hub = createHub({
    hostNames,
    tls: await identityFor(hostNames),
    policies: [
      {
        name: 'test',
        keys: [randomBytes(32).toString('base64')],
        permissions: ['stream:create', 'device:read', 'device:write', 'hub:read', 'hub:write'],
      },
    ],
    logger: { info, warn: ignore, error: ignore },
    ...options,
  });
  const listening = await hub.listen({ port, host: '127.0.0.1' });
  return {
    hub,
    port: listening.port,
    url: listening.url,
    records,
    deviceConnectionString: async (deviceId) => {
      await hub.putDevice(deviceId);
      return hub.connectionString({ deviceId });
    },
    serviceConnectionString: (policy = 'test') => hub.connectionString({ policy }),
    close: () => hub.close(),
  };
}

const identities = new Map<string, Promise<TlsOptions>>();

/** A CA and a certificate for these names, made once a process: that takes longer than all else at a hub's start. */
function identityFor(hostNames: readonly string[]): Promise<TlsOptions> {
  const names = hostNames.join();
  const identity = identities.get(names) ?? makeIdentity(hostNames);
  identities.set(names, identity);
  return identity;
}

async function makeIdentity(hostNames: readonly string[]): Promise<TlsOptions> {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'streams-hub-'));
  const authority = await loadAuthority(dataDirectory, systemClock);
  await rm(dataDirectory, { recursive: true });
  return { ...(await issueLeaf(authority, hostNames, systemClock)), ca: authority.cert };
}
