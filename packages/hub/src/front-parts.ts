// The hub's front door and what stands behind it: who may come in, by which path, to which part.
import { Authenticator } from './auth/authenticate.ts';
import { Penalties } from './auth/penalties.ts';
import { policyRoutes } from './auth/policy-routes.ts';
import { Tokens } from './auth/tokens.ts';
import type { HubOptions } from './config/schema.ts';
import { deviceRoutes } from './devices/routes.ts';
import { historyRoute } from './diagnostics/history-route.ts';
import { logRoutes } from './diagnostics/log/routes.ts';
import { Admission } from './http/admission.ts';
import { Front } from './http/front.ts';
import { MetricsEndpoint } from './http/metrics-endpoint.ts';
import type { Route } from './http/routes.ts';
import { Sources } from './http/sources.ts';
import { TrustedProxies } from './http/trusted-proxies.ts';
import { Upgrades } from './http/upgrade.ts';
import { Portal } from './portal.ts';
import type { HubLife, InnerParts } from './parts.ts';
import { streamListRoute } from './streams/list.ts';
import { streamRoutes } from './streams/routes.ts';

/** Where requests and connections come in. */
export interface FrontParts {
  readonly front: Front;
  readonly admission: Admission;
}

export function createFront(options: HubOptions, parts: InnerParts, life: HubLife): FrontParts {
  const { clock, tokenKeys, addresses, limits, revocation, measurements } = parts;
  const proxies = new TrustedProxies(options.trustedProxies ?? []);
  const sources = new Sources(proxies, limits);
  const admission = new Admission({ ...parts, sources });
  const { hostNames } = addresses;
  const tokens = options.jwt && tokenKeys && new Tokens(options.jwt, tokenKeys.find, clock);
  const front: Front = new Front({
    ...parts,
    hostNames,
    proxies,
    sources,
    admission,
    penalties: new Penalties(limits, clock),
    authenticator: new Authenticator({ ...parts, hostNames, tokens }),
    routes: routesOf(parts, life),
    metrics: new MetricsEndpoint(measurements.metrics, hostNames, options.metrics?.openOnLoopback),
    upgrades: new Upgrades({
      ...parts,
      keepAliveMs: options.keepAliveMs,
      authenticate: (caller) => front.authenticate(caller),
      onLink: (deviceId) => revocation.check(deviceId),
    }),
    portal: options.portal === false ? undefined : new Portal(),
    pageOrigins: () => addresses.pageOrigins,
    ...life,
  });
  return { front, admission };
}

function routesOf(parts: InnerParts, life: HubLife): Route[] {
  const { addresses, measurements, broker } = parts;
  return [
    ...deviceRoutes({ ...parts, ...life }),
    ...policyRoutes(parts),
    ...streamRoutes(parts),
    streamListRoute(broker),
    ...logRoutes(parts),
    historyRoute(measurements.history),
    { method: 'GET', path: ['v1', 'hub'], handle: () => ({ status: 200, body: addresses.view() }) },
  ];
}
