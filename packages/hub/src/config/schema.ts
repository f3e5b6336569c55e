// The hub's options and what they must look like: zod names the path of what is wrong.
import {
  type Clock,
  createError,
  LEG_IDLE_MS,
  LIVENESS_TICK_MS,
  type Logger,
  parseHost,
  parseUrl,
  type Random,
} from '@streams/protocol/internal';
import { z } from 'zod';
import { isPolicyStore, type PolicyStore } from '../auth/policy-store.ts';
import type { Registry } from '../devices/registry.ts';
import { parseRange } from '../http/trusted-proxies.ts';
import { settingsOf } from './catalog.ts';
import { type JwtOptions, jwtSchema } from './jwt.ts';
import { type LimitOptions, limitsSchema } from './limits.ts';
import { type MetricsOptions, metricsSchema } from './metrics.ts';
import { policiesSchema, type PolicyOptions } from './policies.ts';
import { problemsOf } from './problems.ts';
import { type ResourceLogOptions, resourceLogSchema } from './resource-log.ts';

/** Files in PEM. The hub reads them at `listen`, and takes them anew when they have changed. */
export interface TlsFiles {
  /** The private key, without a passphrase. */
  readonly keyFile: string;
  /** The certificate, and after it the intermediate ones. */
  readonly certFile: string;
  /** The CA that connection strings pin. Default: they pin none, and clients trust what their platform trusts. */
  readonly caFile?: string | undefined;
}

/** A key pair of the operator's, as text in PEM or in files, or a directory in which the hub keeps a CA of its own. */
export type TlsOptions =
  | { readonly key: string; readonly cert: string; readonly ca?: string | undefined }
  | TlsFiles
  | {
      /** Created with mode 0700 where it is missing; holds `ca-key.pem` and `ca-cert.pem`. */
      readonly dataDirectory: string;
    };

/** What {@link createHub} takes. */
export interface HubOptions {
  /** Names under which clients reach the hub; the first goes into connection strings. */
  readonly hostNames: readonly string[];
  /**
   * `false`: a proxy on this machine, or your own server, ends TLS. The hub then listens on loopback alone, for plain HTTP, and
   * `publicUrl` must be given.
   */
  readonly tls: TlsOptions | false;
  /** The policies; what REST changes of them lasts until the hub ends. Or a store, such as `openPolicies` gives. */
  readonly policies: readonly PolicyOptions[] | PolicyStore;
  /** Lets services come with a JSON Web Token. Default: none do. */
  readonly jwt?: JwtOptions | undefined;
  /** Where clients reach the hub, `https://host[:port]`. Default: the first host name and the port that it listens on. */
  readonly publicUrl?: string | undefined;
  /** Where legs are dialled, where that is another host or port. Default: `publicUrl`, or its host and the port for legs. */
  readonly streamingUrl?: string | undefined;
  /**
   * Addresses and ranges, such as `10.0.0.0/8`, of the proxies in front of the hub: their `X-Forwarded-For` is believed, and a
   * request of which they do not say `X-Forwarded-Proto: https` is refused. Default: none; both headers are then ignored.
   */
  readonly trustedProxies?: readonly string[] | undefined;
  /**
   * Silence of the hub on a connection after which it sends a ping, in milliseconds, for paths that forget connections sooner than
   * after a minute: the client's answer keeps the other direction. 1,000 to 15,000. Default: 15,000 on a leg, 25,000 on a control link.
   */
  readonly keepAliveMs?: number | undefined;
  /** Of streams, connections and failed logins. Default: see each. */
  readonly limits?: LimitOptions | undefined;
  /** `false`: the hub serves no portal at `/portal`, and refuses every request of a web page. Default: true. */
  readonly portal?: boolean | undefined;
  /** Who may read `/metrics`. */
  readonly metrics?: MetricsOptions | undefined;
  /** Such as `openRegistry` gives; the hub does not close it. Default: in memory, empty. */
  readonly registry?: Registry | undefined;
  /** Where the resource log is kept, and how much of it. Default: in memory, the newest 4,000 records. */
  readonly resourceLog?: ResourceLogOptions | undefined;
  /** Takes the resource log and the hub's own messages. Default: pino, to standard output. `false`: nothing. */
  readonly logger?: Logger | false | undefined;
  /** Default: the machine's clock. */
  readonly clock?: Clock | undefined;
  /** Default: the machine's generator. */
  readonly random?: Random | undefined;
}

const text = z.string().min(1);
const origin = z.string().refine(isOrigin, 'expected https://host[:port] without a path');
const hostName = z
  .string()
  .refine((text) => parseHost(text)?.port === 443 && !text.includes(':443'), 'expected a host name without a port');

const range = z.string().refine((text) => parseRange(text) !== undefined, 'expected an IP address, or a range such as 10.0.0.0/8');

/** Not longer, since a client takes a leg that is silent for 25 s for dead. */
const KEEP_ALIVE = `expected a whole number from ${LIVENESS_TICK_MS} to ${LEG_IDLE_MS}`;

/** Each with a description for docs/configuration.md; what is `unknown` is no matter of a file. */
export const optionFields: z.ZodObject = z.strictObject({
  hostNames: z.array(hostName).min(1).describe('Names under which clients reach the hub; the first goes into connection strings.'),
  tls: z
    .union(
      [
        z.literal(false),
        z.strictObject({
          key: text.describe('The private key, as text in PEM.'),
          cert: text.describe('The certificate, and after it the intermediate ones, as text in PEM.'),
          ca: text.describe('The CA that connection strings pin, as text in PEM. Default: they pin none.').optional(),
        }),
        z.strictObject({
          keyFile: text.describe(
            'File with the private key, in PEM, without a passphrase. Neither for all users of the machine nor writable by its group.',
          ),
          certFile: text.describe('File with the certificate, and after it the intermediate ones, in PEM.'),
          caFile: text.describe('File with the CA that connection strings pin, in PEM. Default: they pin none.').optional(),
        }),
        z.strictObject({ dataDirectory: text.describe('Directory in which the hub keeps a CA of its own.') }),
      ],
      'expected { key, cert, ca? }, { keyFile, certFile, caFile? }, { dataDirectory } or false',
    )
    .describe('`false`: a proxy on this machine ends TLS; the hub listens on loopback alone, and `publicUrl` is needed.'),
  policies: policiesSchema,
  jwt: jwtSchema.optional(),
  publicUrl: origin
    .describe('Where clients reach the hub, `https://host[:port]`. Default: the first host name and the port that it listens on.')
    .optional(),
  streamingUrl: origin
    .describe('Where legs are dialled, where that is another host or port. Default: `publicUrl`, or its host and the port for legs.')
    .optional(),
  trustedProxies: z
    .array(range)
    .describe(
      'Addresses and ranges of the proxies in front of the hub, whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed. Default: none.',
    )
    .optional(),
  keepAliveMs: z
    .int(KEEP_ALIVE)
    .min(LIVENESS_TICK_MS, KEEP_ALIVE)
    .max(LEG_IDLE_MS, KEEP_ALIVE)
    .describe(
      'Own silence on a connection after which the hub sends a ping, in milliseconds. Default: 15,000 on a leg, 25,000 on a control link.',
    )
    .optional(),
  limits: limitsSchema.optional(),
  portal: z
    .boolean()
    .describe('Serve the portal, web pages for operators, at /portal. Without it every request of a web page is refused. Default: true.')
    .optional(),
  metrics: metricsSchema.optional(),
  resourceLog: resourceLogSchema,
  registry: z.unknown().optional(),
  logger: z.unknown().optional(),
  clock: z.unknown().optional(),
  random: z.unknown().optional(),
});

/** Where others end TLS. */
export const publicUrlRule = {
  holds: (options: Readonly<Record<string, unknown>>): boolean => options['tls'] !== false || options['publicUrl'] !== undefined,
  problem: {
    path: ['publicUrl'] as string[],
    message: 'is needed with tls: false, such as https://hub.example.com: the hub cannot know where TLS ends',
  },
};

/** A store of policies sees to that itself. */
const wayInRule = {
  holds: ({ policies, jwt }: Readonly<Record<string, unknown>>): boolean =>
    !Array.isArray(policies) || policies.length > 0 || jwt !== undefined,
  problem: { path: ['policies'] as string[], message: 'expected at least one policy: without one no service can authenticate' },
};

const schemas = [optionFields, optionFields.extend({ policies: z.unknown() })].map((fields) =>
  fields.refine(publicUrlRule.holds, publicUrlRule.problem).refine(wayInRule.holds, wayInRule.problem),
);

/**
 * Throws for options that are wrong.
 * @throws `STREAMS_INVALID_ARGUMENT` that names each path and the remedy, and shows no value.
 */
export function checkOptions(options: HubOptions): void {
  const error = schemas[Number(isPolicyStore(options.policies))]?.safeParse(options).error;
  if (!error) return;
  const problems = problemsOf(error.issues, settingsOf(optionFields));
  const message = problems.map(({ name, text }) => `${name}: ${text}`).join('; ');
  throw createError('INVALID_ARGUMENT', { message: `createHub: ${message}`, details: { field: problems[0]?.name } });
}

function isOrigin(text: string): boolean {
  const url = parseUrl(text);
  return url?.protocol === 'https:' && url.origin === text.replace(/\/$/, '');
}
