// What a hub consists of, and how its parts know one another.
import { type Clock, type Logger, type Random, systemClock, systemRandom } from '@streams/protocol/internal';
import { Authenticator } from './auth/authenticate.ts';
import { MemoryPolicies } from './auth/memory-policies.ts';
import { PolicyRevocation } from './auth/policy-revocation.ts';
import { policyRoutes } from './auth/policy-routes.ts';
import { isPolicyStore, type PolicyStore } from './auth/policy-store.ts';
import { PolicyWriter } from './auth/policy-writer.ts';
import { Revocation } from './auth/revocation.ts';
import { openTokenKeys, type TokenKeys } from './auth/token-keys.ts';
import { Tokens } from './auth/tokens.ts';
import { Addresses } from './config/addresses.ts';
import { fileLogOptions } from './config/resource-log.ts';
import type { HubOptions } from './config/schema.ts';
import { Presence } from './control/presence.ts';
import { localRouter } from './control/router.ts';
import { Sessions } from './control/sessions.ts';
import { DeviceWriter } from './devices/device-writer.ts';
import { LastSeenJournal } from './devices/last-seen-journal.ts';
import { MemoryRegistry } from './devices/memory-registry.ts';
import type { Registry } from './devices/registry.ts';
import { deviceRoutes } from './devices/routes.ts';
import { createLogger } from './diagnostics/logger.ts';
import { FileLogStore } from './diagnostics/log/file-store.ts';
import { logRoutes } from './diagnostics/log/routes.ts';
import { MemoryLogStore } from './diagnostics/log/store.ts';
import { ResourceLog } from './diagnostics/resource-log.ts';
import { Front } from './http/front.ts';
import { TrustedProxies } from './http/trusted-proxies.ts';
import { Upgrades } from './http/upgrade.ts';
import { Broker } from './streams/broker.ts';
import { streamRoutes } from './streams/routes.ts';
import { StreamLog } from './streams/stream-log.ts';

/** Where the hub is in its life. */
export interface HubLife {
  /** False from the drain on. */
  readonly isReady: () => boolean;
  readonly isClosed: () => boolean;
}

/** All that is behind the front door. */
interface InnerParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly registry: Registry;
  readonly devices: DeviceWriter;
  readonly policies: PolicyStore;
  readonly policyWriter: PolicyWriter;
  /** Undefined: the hub takes no JSON Web Tokens. */
  readonly tokenKeys: TokenKeys | undefined;
  readonly addresses: Addresses;
  readonly sessions: Sessions;
  readonly presence: Presence;
  readonly journal: LastSeenJournal;
  readonly broker: Broker;
  readonly revocation: Revocation;
  readonly policyRevocation: PolicyRevocation;
  readonly log: ResourceLog;
  readonly streamLog: StreamLog;
}

/** See the top of this file. */
export interface HubParts extends InnerParts {
  readonly front: Front;
}

/** Makes the parts of a hub; nothing listens yet. */
export function assemble(options: HubOptions, life: HubLife): HubParts {
  const { clock = systemClock, random = systemRandom, registry = new MemoryRegistry() } = options;
  const policies = isPolicyStore(options.policies) ? options.policies : new MemoryPolicies(options.policies);
  const logger = createLogger(options.logger);
  const addresses = new Addresses(options);
  const journal = new LastSeenJournal({ clock, logger, lastSeen: registry.lastSeen });
  const presence = new Presence(clock, (deviceId) => journal.seen(deviceId));
  const log = createResourceLog(options, clock, logger);
  const streamLog = new StreamLog(log);
  const sessions: Sessions = new Sessions(
    clock,
    () => addresses.welcome(clock.wallMs()),
    (deviceId, streamId) => broker.lose(streamId, deviceId),
    presence,
  );
  const broker: Broker = new Broker({
    clock,
    random,
    registry,
    router: localRouter(sessions),
    log: streamLog,
    streamingUrl: () => addresses.urls().streaming.replace(/^https:/, 'wss:'),
    onHandshake: (negotiation) => policyRevocation.check(negotiation),
    onStream: (deviceId) => revocation.check(deviceId),
  });
  const revocation = new Revocation({ registry, sessions, broker, logger });
  const policyRevocation = new PolicyRevocation({ policies, broker, clock, logger });
  const inner = {
    clock,
    random,
    logger,
    registry,
    devices: new DeviceWriter(registry, random),
    policies,
    policyWriter: new PolicyWriter(policies, random),
    tokenKeys: options.jwt && openTokenKeys(options.jwt, clock, logger),
    addresses,
    sessions,
    presence,
    journal,
    broker,
    revocation,
    policyRevocation,
    log,
    streamLog,
  };
  return { ...inner, front: createFront(options, inner, life) };
}

function createResourceLog({ hostNames, resourceLog = {} }: HubOptions, clock: Clock, logger: Logger): ResourceLog {
  const { directory } = resourceLog;
  const store =
    directory === undefined
      ? new MemoryLogStore(clock)
      : new FileLogStore({ options: fileLogOptions(directory, resourceLog), hostName: hostNames[0] ?? '', clock, logger });
  return new ResourceLog({ clock, store, logger: resourceLog.logger === false ? undefined : logger });
}

function createFront(options: HubOptions, parts: InnerParts, life: HubLife): Front {
  const { clock, tokenKeys, addresses, revocation, log } = parts;
  const { hostNames } = addresses;
  const tokens = options.jwt && tokenKeys && new Tokens(options.jwt, tokenKeys.find, clock);
  const front: Front = new Front({
    ...parts,
    hostNames,
    proxies: new TrustedProxies(options.trustedProxies ?? []),
    authenticator: new Authenticator({ ...parts, hostNames, tokens }),
    routes: [
      ...deviceRoutes({ ...parts, ...life }),
      ...policyRoutes(parts),
      ...streamRoutes(parts),
      ...logRoutes(log),
      { method: 'GET', path: ['v1', 'hub'], handle: () => ({ status: 200, body: addresses.view() }) },
    ],
    upgrades: new Upgrades({
      ...parts,
      keepAliveMs: options.keepAliveMs,
      authenticate: (caller) => front.authenticate(caller),
      onLink: (deviceId) => revocation.check(deviceId),
    }),
    ...life,
  });
  return front;
}
