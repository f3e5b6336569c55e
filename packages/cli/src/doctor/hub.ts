// What the hub says: its time, whether it knows who asks, what that one may do, and where streams lead.
import {
  asHubView,
  CLOCK_LEEWAY_MS,
  createError,
  type HubView,
  MAX_CLOCK_OFFSET_MS,
  parseObject,
  parseUrl,
  portOf,
  StreamsError,
  systemClock,
} from '@streams/protocol/internal';
import { checkDns, checkTcp } from './address.ts';
import { askHub, askHubSigned } from './ask-hub.ts';
import { type Finding, ok } from './check.ts';
import { accessOf, describe, type Patient } from './patient.ts';
import { checkTls } from './tls.ts';

const HUB = '/v1/hub';
const WARN_MS = 30_000;
/** The resolution of `Date`; the hub's time is on average half of it later. */
const DATE_STEP_MS = 1_000;

/** Compares with the `Date` of an answer, which comes whatever the hub makes of the credential. */
export async function checkClock(patient: Patient): Promise<Finding> {
  const startMs = systemClock.wallMs();
  const { timeMs } = await askHub(patient, HUB);
  if (Number.isNaN(timeMs)) throw createError('CONNECT_FAILED', { message: 'what answers there says no time, so it is no hub' });
  const aheadMs = (startMs + systemClock.wallMs()) / 2 - (timeMs + DATE_STEP_MS / 2);
  const seconds = Math.round(Math.abs(aheadMs) / 1_000);
  const text = seconds < 2 ? 'as that of the hub' : `${seconds} s ${aheadMs > 0 ? 'ahead of' : 'behind'} that of the hub`;
  if (Math.abs(aheadMs) <= WARN_MS) return ok(text);
  const leeway = `a hub forgives ${CLOCK_LEEWAY_MS / 1_000} s, and the SDKs correct up to ${MAX_CLOCK_OFFSET_MS / 3_600_000} h by the hub's time`;
  return { outcome: 'warn', text: `${text}; ${leeway}`, remedy: 'set the clock of this machine or of the hub', code: 'UNAUTHENTICATED' };
}

/** Asks for what anybody may see who is known. */
export async function checkCredentials(patient: Patient): Promise<Finding> {
  const { version } = await askViewAs(patient);
  const who = `authenticated as ${describe(patient.credentials)} by hub ${version}`;
  if ('deviceId' in patient.credentials) return ok(who);
  return ok(`${who}; it ${(await mayRead(patient)) ? 'has' : 'lacks'} device:read`);
}

/** The hub does not say why it refuses somebody, so the remedy names all that can be. */
async function askViewAs(patient: Patient): Promise<HubView> {
  try {
    return await askView(patient);
  } catch (error) {
    if (!StreamsError.is(error) || error.code !== 'STREAMS_UNAUTHENTICATED') throw error;
    const { credentials } = patient;
    const remedy =
      'deviceId' in credentials
        ? `\`streams devices show ${credentials.deviceId}\`, at the hub, says whether it is disabled or deleted; else its key was replaced: \`streams devices create ${credentials.deviceId}\` prints its string anew`
        : `the key was replaced, or the hub has no policy ${credentials.policy}: take the connection string of the policy anew`;
    const message = `the hub does not accept ${describe(credentials)} with this key`;
    throw createError('UNAUTHENTICATED', { message, details: { ...error.details, remedy }, cause: error });
  }
}

/** Looks at each streaming endpoint as at the hub itself. */
export async function checkStreamingEndpoints(patient: Patient): Promise<Finding> {
  const { streamingEndpoints } = await askView(patient);
  const access = accessOf(patient.credentials);
  const texts: string[] = [];
  for (const endpoint of streamingEndpoints) {
    const url = parseUrl(endpoint);
    if (url?.protocol !== 'https:') throw createError('CONNECT_FAILED', { message: `${endpoint}: the hub names what is no https: URL` });
    const isHub = url.hostname === patient.url.hostname && portOf(url) === portOf(patient.url);
    texts.push(isHub ? `${endpoint}, the hub itself` : `${endpoint}, ${await reach(url, access)}`);
  }
  return ok(texts.join('; '));
}

async function reach(url: URL, access: ReturnType<typeof accessOf>): Promise<string> {
  try {
    await checkDns(url);
    const { text } = await checkTcp(url);
    await checkTls(url, access);
    return `${text}, TLS trusted`;
  } catch (error) {
    if (!StreamsError.is(error)) throw error;
    throw createError(error.wireCode, { message: `${url.host}: ${error.message}`, details: error.details, cause: error });
  }
}

async function askView(patient: Patient): Promise<HubView> {
  const { body } = await askHubSigned(patient, HUB);
  try {
    return asHubView(parseObject(body, 'answer'));
  } catch (cause) {
    throw createError('CONNECT_FAILED', { message: `what answers there is no hub: ${(cause as Error).message}`, cause });
  }
}

async function mayRead(patient: Patient): Promise<boolean> {
  try {
    await askHubSigned(patient, '/v1/devices?limit=1');
    return true;
  } catch (error) {
    if (StreamsError.is(error) && error.code === 'STREAMS_FORBIDDEN') return false;
    throw error;
  }
}
