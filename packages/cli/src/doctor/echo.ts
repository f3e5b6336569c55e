// The whole way: a stream to the device's echo, and 1 MiB there and back.
import { createError, StreamsError } from '@streams/protocol/internal';
import { measureEcho } from '../io/measure-echo.ts';
import { randomSource } from '../io/random-source.ts';
import { type Finding, ok, skipped } from './check.ts';
import type { Patient } from './patient.ts';

const BYTES = 1_048_576;

export async function checkEcho({ credentials, connectionString, device }: Patient): Promise<Finding> {
  if ('deviceId' in credentials) {
    return skipped(`a device opens no streams; where the string of a service is, run \`streams doctor --device ${credentials.deviceId}\``);
  }
  if (device === undefined) return skipped('to whom? Name a device with --device');
  const { ServiceClient } = await import('@streams/service');
  const service = ServiceClient.fromConnectionString(connectionString);
  try {
    const result = await measureEcho(service, device, randomSource(BYTES), () => undefined);
    if (!result.equal) throw createError('BAD_DEVICE_ANSWER', { message: 'the bytes that came back are not those that were sent' });
    const { handshakeMs, roundTripMs, megabytesPerSecond } = result;
    return ok(`1 MiB came back equal, handshake ${handshakeMs} ms, round trip ${roundTripMs} ms, ${megabytesPerSecond} MB/s`);
  } catch (error) {
    // The device has answered, so its link works; that it offers other services is no fault.
    if (!StreamsError.is(error) || error.code !== 'STREAMS_STREAM_REJECTED') throw error;
    return skipped(`${error.message}; \`streams device echo\` is a device that offers it`);
  } finally {
    await service.close();
  }
}
