// One request to the hub on a connection of its own, made and verified as those of the SDKs.
import { type IncomingMessage, request as httpRequest } from 'node:http';
import {
  CONNECT_TIMEOUT_MS,
  connectError,
  connectHub,
  createError,
  deferred,
  httpError,
  hubTimeOf,
  MAX_BODY_BYTES,
  StreamsError,
  systemClock,
} from '@streams/protocol/internal';
import { accessOf, type Patient } from './patient.ts';

/** What the hub has answered. */
export interface HubAnswer {
  readonly status: number;
  /** Of its `Date`, milliseconds since 1970; NaN where there is none. */
  readonly timeMs: number;
  readonly body: string;
}

/** GETs a path. @throws `STREAMS_CONNECT_FAILED`, `STREAMS_TLS_FAILED`; of what the hub answers nothing is an error. */
export async function askHub(patient: Patient, path: string, headers: Readonly<Record<string, string>> = {}): Promise<HubAnswer> {
  const { url, signer, credentials } = patient;
  const socket = await connectHub({ ...accessOf(credentials), url, clock: systemClock, timeoutMs: CONNECT_TIMEOUT_MS });
  const answered = deferred<HubAnswer>();
  const request = httpRequest({
    path,
    headers: { Host: url.host, Authorization: signer.authorization(), ...headers },
    createConnection: () => socket,
  });
  request.on('error', (error) => answered.reject(connectError(error)));
  request.once('response', (response) => void read(response).then(answered.resolve, answered.reject));
  request.once('upgrade', ({ statusCode = 0 }) => answered.resolve({ status: statusCode, timeMs: Number.NaN, body: '' }));
  const stopWaiting = systemClock.after(CONNECT_TIMEOUT_MS, () =>
    answered.reject(createError('CONNECT_FAILED', { message: `the hub did not answer within ${CONNECT_TIMEOUT_MS} ms` })),
  );
  request.end();
  try {
    return await answered.promise;
  } finally {
    stopWaiting();
    request.destroy();
    socket.destroy();
  }
}

/** {@link askHub}, signed anew by the hub's clock where this machine's is refused, as the SDKs do. @throws what the hub refuses, too. */
export async function askHubSigned(patient: Patient, path: string, headers: Readonly<Record<string, string>> = {}): Promise<HubAnswer> {
  try {
    return successOf(await askHub(patient, path, headers));
  } catch (error) {
    const refused = StreamsError.is(error) && error.code === 'STREAMS_UNAUTHENTICATED';
    if (refused && patient.signer.adjustTo(hubTimeOf(error))) return successOf(await askHub(patient, path, headers));
    throw error;
  }
}

function successOf(answer: HubAnswer): HubAnswer {
  const { status, timeMs, body } = answer;
  if (status >= 200 && status < 300) return answer;
  const date = Number.isNaN(timeMs) ? undefined : new Date(timeMs).toUTCString();
  throw httpError({ status, date, body }, 'answer', CONNECT_TIMEOUT_MS);
}

async function read(response: IncomingMessage): Promise<HubAnswer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > MAX_BODY_BYTES) break;
    }
  } catch (error) {
    throw connectError(error);
  }
  const { date = '' } = response.headers;
  return { status: response.statusCode ?? 0, timeMs: Date.parse(date), body: Buffer.concat(chunks).toString() };
}
