// The hub's options and what they must look like: zod names the path of what is wrong.
import {
  type Clock,
  createError,
  isName,
  isSharedAccessKey,
  LEG_IDLE_MS,
  LIVENESS_TICK_MS,
  type Logger,
  parseHost,
  parseUrl,
  type Random,
} from '@streams/protocol/internal';
import { z } from 'zod';
import { PERMISSIONS, type Permission } from '../auth/policies.ts';
import type { Registry } from '../devices/registry.ts';
import { parseRange } from '../http/trusted-proxies.ts';
import { type MetricsOptions, metricsSchema } from './metrics.ts';
import { type ResourceLogOptions, resourceLogSchema } from './resource-log.ts';

/** A service's key and what it may do. */
export interface PolicyOptions {
  /** The `SharedAccessKeyName` of the service's connection string. */
  readonly name: string;
  /** One or two base64 keys of at least 16 bytes; two, so that one can be replaced while the other is in use. */
  readonly keys: readonly string[];
  readonly permissions: readonly Permission[];
}

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
  readonly policies: readonly PolicyOptions[];
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
const key = z.string().refine(isSharedAccessKey, 'expected base64 of 16 to 256 bytes, such as `openssl rand -base64 32` prints');
const origin = z.string().refine(isOrigin, 'expected https://host[:port] without a path');
const hostName = z
  .string()
  .refine((text) => parseHost(text)?.port === 443 && !text.includes(':443'), 'expected a host name without a port');

const range = z.string().refine((text) => parseRange(text) !== undefined, 'expected an IP address, or a range such as 10.0.0.0/8');

const policy = z.strictObject({
  name: z.string().refine(isName, 'expected a name such as "backend"'),
  keys: z.array(key).min(1).max(2),
  permissions: z.array(z.enum(PERMISSIONS)).min(1),
});

/** Not longer, since a client takes a leg that is silent for 25 s for dead. */
const KEEP_ALIVE = `expected a whole number from ${LIVENESS_TICK_MS} to ${LEG_IDLE_MS}`;

const fields = z.strictObject({
  hostNames: z.array(hostName).min(1),
  tls: z.union(
    [
      z.literal(false),
      z.strictObject({ key: text, cert: text, ca: text.optional() }),
      z.strictObject({ keyFile: text, certFile: text, caFile: text.optional() }),
      z.strictObject({ dataDirectory: text }),
    ],
    'expected { key, cert, ca? }, { keyFile, certFile, caFile? }, { dataDirectory } or false',
  ),
  policies: z.array(policy).min(1, 'expected at least one policy: without one no service can authenticate'),
  publicUrl: origin.optional(),
  streamingUrl: origin.optional(),
  trustedProxies: z.array(range).optional(),
  keepAliveMs: z.int(KEEP_ALIVE).min(LIVENESS_TICK_MS, KEEP_ALIVE).max(LEG_IDLE_MS, KEEP_ALIVE).optional(),
  portal: z
    .boolean()
    .describe('Serve the portal, web pages for operators, at /portal. Without it every request of a web page is refused. Default: true')
    .optional(),
  metrics: metricsSchema.optional(),
  resourceLog: resourceLogSchema,
  registry: z.unknown().optional(),
  logger: z.unknown().optional(),
  clock: z.unknown().optional(),
  random: z.unknown().optional(),
});

const schema = fields.refine(({ tls, publicUrl }) => tls !== false || publicUrl !== undefined, {
  path: ['publicUrl'],
  message: 'is needed with tls: false, such as https://hub.example.com: the hub cannot know where TLS ends',
});

/**
 * Throws for options that are wrong.
 * @throws `STREAMS_INVALID_ARGUMENT` that names the path and the remedy, and shows no value.
 */
export function checkOptions(options: HubOptions): void {
  const result = schema.safeParse(options);
  const names = result.success ? options.policies.map((entry) => entry.name) : [];
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (result.success && twice === undefined) return;
  const issue = result.error?.issues[0];
  const field = issue ? pathOf(issue.path) : 'policies';
  const problem = issue ? issue.message : `the policy ${twice} stands there twice`;
  throw createError('INVALID_ARGUMENT', { message: `createHub: ${field}: ${problem}`, details: { field } });
}

function isOrigin(text: string): boolean {
  const url = parseUrl(text);
  return url?.protocol === 'https:' && url.origin === text.replace(/\/$/, '');
}

function pathOf(path: readonly PropertyKey[]): string {
  if (path.length === 0) return 'options';
  return path.map((part, index) => (typeof part === 'number' ? `[${part}]` : `${index === 0 ? '' : '.'}${String(part)}`)).join('');
}
