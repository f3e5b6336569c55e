// The examination: every check in the order in which the first failure explains the rest.
import { createError } from '@streams/protocol/internal';
import { type CredentialOptions, findConnectionString } from '../io/credentials.ts';
import { checkDns, checkProxy, checkTcp } from './address.ts';
import { type Check, type Finding, failure, ok, skipped } from './check.ts';
import { checkControlLink } from './control-link.ts';
import { checkEcho } from './echo.ts';
import { checkClock, checkCredentials, checkStreamingEndpoints } from './hub.ts';
import { accessOf, describe, type Patient, readPatient } from './patient.ts';
import { checkTls } from './tls.ts';

/** What is examined. */
export interface ExamineOptions extends CredentialOptions {
  readonly device?: string | undefined;
}

/** A finding with the name of its check: one line. */
export interface NamedFinding extends Finding {
  readonly name: string;
}

const STRING = 'connection string';
const CHECKS: readonly Check[] = [
  // Before DNS: with a proxy it is the proxy's name that this machine looks up.
  { name: 'proxy', needs: [STRING], run: ({ url }) => checkProxy(url) },
  { name: 'DNS', needs: ['proxy'], run: ({ url }) => checkDns(url) },
  { name: 'TCP', needs: ['DNS'], run: ({ url }) => checkTcp(url) },
  { name: 'TLS', needs: ['TCP'], run: async ({ url, credentials }) => checkTls(url, accessOf(credentials)) },
  { name: 'clock', needs: ['TLS'], run: checkClock },
  { name: 'credentials', needs: ['clock'], run: checkCredentials },
  { name: 'streaming endpoints', needs: ['credentials'], run: checkStreamingEndpoints },
  { name: 'control link', needs: ['credentials'], run: checkControlLink },
  { name: 'echo', needs: ['streaming endpoints', 'control link'], run: checkEcho },
];

/** Gives each finding as soon as there is one. */
export async function* examine(options: ExamineOptions): AsyncGenerator<NamedFinding> {
  let patient: Patient | undefined;
  const first = await find(async () => {
    patient = readPatient(await findConnectionString(options), options.device);
    return describeString(patient);
  });
  yield { name: STRING, ...first };
  const without = new Set(first.outcome === 'failed' ? [STRING] : []);
  for (const { name, needs, run } of CHECKS) {
    const missing = needs.find((need) => without.has(need));
    const finding =
      missing === undefined && patient ? await find(() => run(patient as Patient)) : skipped(`not looked at: it needs ${missing}`);
    if (missing !== undefined || finding.outcome === 'failed') without.add(name);
    yield { name, ...finding };
  }
}

async function find(run: () => Promise<Finding>): Promise<Finding> {
  try {
    return await run();
  } catch (error) {
    return failure(error);
  }
}

async function describeString({ credentials, source, url, device }: Patient): Promise<Finding> {
  if (device !== undefined && 'deviceId' in credentials) {
    const message = '--device is for services and administrators, and this is the connection string of a device';
    throw createError('INVALID_ARGUMENT', { message, details: { field: 'device', remedy: 'leave it out' } });
  }
  const pinned = credentials.caCertificate === undefined ? '' : ', pins a CA';
  return ok(`of ${describe(credentials)} at ${url.host}${pinned}; from ${source}`);
}
