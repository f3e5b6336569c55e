// Keeps a device connected until a signal comes, and says when it is and when it is not.
import type { DeviceClient } from '@streams/device';
import type { CredentialOptions } from './credentials.ts';
import { logger } from './log.ts';
import { type OutputOptions, printData } from './output.ts';
import { reloadKeyOnChange } from './reload-key.ts';
import { untilSignal } from './signals.ts';

type ServeOptions = CredentialOptions & OutputOptions;

/**
 * Connects, and waits for as long as the hub cannot be reached: a machine's services start in any order. Resolves after SIGTERM or
 * SIGINT. The caller closes the client.
 * @param connectionString What the device was made from: where that is a file, its changes are followed.
 * @throws what ended the client, such as `STREAMS_UNAUTHENTICATED` and `STREAMS_REPLACED`.
 */
export async function serveDevice(device: DeviceClient, connectionString: string, options: ServeOptions): Promise<void> {
  const { deviceId } = device;
  device.on('connected', () => printData(options, { deviceId, connected: true }, () => `${deviceId} is connected`));
  device.on('state', (state) => {
    if (state.name !== 'waiting') return;
    const again = `tries again in ${(state.delayMs / 1_000).toFixed(1)} s`;
    logger(options).warn({ deviceId, code: state.cause.code }, `${deviceId} is not connected: ${state.cause.message}; ${again}`);
  });
  const stop = untilSignal();
  const { connectionStringFile: file } = options;
  const stopReloading = file === undefined ? undefined : reloadKeyOnChange(file, connectionString, device, logger(options));
  try {
    await device.connect({ signal: stop.signal });
    const ended = await Promise.race([device.closed, stop.promise]);
    if (ended) throw ended;
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  } finally {
    stopReloading?.();
  }
}
