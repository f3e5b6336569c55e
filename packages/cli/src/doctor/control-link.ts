// The control link of a device: from its own end, whether one would come about; from a service's, whether one is there.
import { randomBytes } from 'node:crypto';
import {
  asDeviceView,
  asErrorBody,
  CONNECT_TIMEOUT_MS,
  CONTROL_PROTOCOL,
  createError,
  httpError,
  parseObject,
  StreamsError,
} from '@streams/protocol/internal';
import { askHub, askHubSigned } from './ask-hub.ts';
import { type Finding, ok, skipped } from './check.ts';
import type { Patient } from './patient.ts';

export async function checkControlLink(patient: Patient): Promise<Finding> {
  if ('deviceId' in patient.credentials) return fromDevice(patient, patient.credentials.deviceId);
  const { device } = patient;
  return device === undefined ? skipped('whose? Name a device with --device') : fromService(patient, device);
}

/**
 * A link of ours would take the place of the one that the device's program has. So we ask for an upgrade that every hub authenticates,
 * and then refuses, since it does not offer the subprotocol (docs/protocol.md, section 6).
 */
async function fromDevice(patient: Patient, deviceId: string): Promise<Finding> {
  const answer = await askHub(patient, `/v1/devices/${encodeURIComponent(deviceId)}/control`, {
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': randomBytes(16).toString('base64'),
  });
  if (isRefusedForProtocol(answer.body)) {
    return ok('the hub would take one; none was opened, since it would replace that of the program that runs on the device');
  }
  const error = httpError({ status: answer.status, body: answer.body }, 'answer', CONNECT_TIMEOUT_MS);
  const isStripped = error.wireCode === 'UPGRADE_REQUIRED';
  const message = isStripped ? 'WebSocket upgrades do not reach the hub: something on the way removes them' : error.message;
  const remedy = isStripped ? 'have the reverse proxy before the hub, or whoever opens TLS on the way, pass upgrades on' : undefined;
  throw createError(error.wireCode, { message, details: { ...error.details, ...(remedy && { remedy }) } });
}

function isRefusedForProtocol(body: string): boolean {
  try {
    const answer = asErrorBody(parseObject(body, 'answer'));
    return answer?.code === 'BAD_REQUEST' && answer.message.includes(CONTROL_PROTOCOL);
  } catch {
    return false;
  }
}

async function fromService(patient: Patient, id: string): Promise<Finding> {
  const body = await show(patient, id);
  if (body === undefined) return skipped('the hub tells only policies with device:read');
  const { enabled, connected } = asDeviceView(parseObject(body, 'answer'));
  if (!enabled) {
    const details = { remedy: `\`streams devices enable ${id}\` lets it in again` };
    throw createError('DEVICE_NOT_CONNECTED', { message: `${id} is disabled`, details });
  }
  if (!connected) throw createError('DEVICE_NOT_CONNECTED', { message: `${id} is not connected to the hub` });
  return ok(`${id} is connected`);
}

async function show(patient: Patient, id: string): Promise<string | undefined> {
  try {
    return (await askHubSigned(patient, `/v1/devices/${encodeURIComponent(id)}`)).body;
  } catch (error) {
    if (StreamsError.is(error) && error.code === 'STREAMS_FORBIDDEN') return undefined;
    throw error;
  }
}
