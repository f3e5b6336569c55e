// `GET /v1/devices:export`: all devices, a line of JSON each, no faster than the caller reads.
import type { ExportedDevice } from '@streams/protocol/internal';
import { type DeviceQuery, findDevices, type FindContext } from './find-devices.ts';

/** Yields whole lines. @param showsKeys True for the devices that the caller may write. */
export async function* exportDevices(
  context: FindContext,
  query: DeviceQuery,
  showsKeys: (deviceId: string) => boolean,
): AsyncGenerator<string, void> {
  for await (const { devices } of findDevices(context, query)) {
    const lines = devices.map(({ deviceId, enabled, keys }) => {
      const line: ExportedDevice = { deviceId, enabled, keys: showsKeys(deviceId) ? keys : undefined };
      return `${JSON.stringify(line)}\n`;
    });
    if (lines.length > 0) yield lines.join('');
  }
}
