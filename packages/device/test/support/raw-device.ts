// A device without our SDK, in the place of one that was: it rejects whatever it is asked.
import {
  CONTROL_PROTOCOL,
  createTrust,
  dial,
  encodeMessage,
  LEG_TIMES,
  newId,
  parseDeviceConnectionString,
  type DeclineCode,
  signSharedAccess,
  systemRandom,
} from '@streams/protocol/internal';
import { DEVICE, type Rig } from './rig.ts';

/** Connects it; gives the requests that it has rejected so far. */
export async function rejectingDevice(rig: Rig, code: DeclineCode): Promise<readonly { readonly resumes?: string }[]> {
  const text = await rig.hub.deviceConnectionString(DEVICE);
  const { hostName, port, key, caCertificate } = parseDeviceConnectionString(text);
  const resource = `${hostName}/devices/${DEVICE}`;
  const rejected: { resumes?: string }[] = [];
  const link = await dial({
    url: new URL(`wss://${hostName}:${port}/v1/devices/${DEVICE}/control`),
    protocol: CONTROL_PROTOCOL,
    authorization: signSharedAccess({ resource, expiresAtMs: rig.clock.wallMs() + 600_000 }, key),
    headers: { 'Streams-Instance-Id': newId(systemRandom) },
    trust: createTrust({ ca: caCertificate }),
    proxyFor: () => undefined,
    clock: rig.clock,
    maxMessageBytes: 32_768,
    timeoutMs: 5_000,
    times: LEG_TIMES,
    phase: 'answer',
  });
  link.on('message', (message) => {
    const { type, ...request } = JSON.parse(String(message)) as { type: string; streamId: string; resumes?: string };
    if (type !== 'request') return;
    rejected.push(request);
    link.send(encodeMessage({ type: 'reject', streamId: request.streamId, code, reason: 'not here' }));
  });
  link.resume();
  rig.onEnd(() => link.terminate());
  return rejected;
}
