// Devices as callers see them.
import type { DeviceView } from '@streams/protocol/internal';
import type { Presence } from '../control/presence.ts';
import { deviceEtag } from './etag.ts';
import type { LastSeenJournal } from './last-seen-journal.ts';
import type { DeviceRecord } from './registry.ts';

/** Who knows what is not in a device's record. */
export interface ViewContext {
  readonly presence: Presence;
  readonly journal: LastSeenJournal;
}

/** @param withKeys For callers that may write devices. */
export async function viewOf(context: ViewContext, device: DeviceRecord, withKeys: boolean): Promise<DeviceView> {
  const [view] = await viewsOf(context, [device]);
  return { ...(view as DeviceView), keys: withKeys ? device.keys : undefined };
}

/** Without keys. */
export async function viewsOf({ presence, journal }: ViewContext, devices: readonly DeviceRecord[]): Promise<DeviceView[]> {
  const lastSeen = await journal.find(devices.map(({ deviceId }) => deviceId));
  return devices.map((device) => {
    const { deviceId, enabled } = device;
    const sinceMs = presence.sinceMs(deviceId);
    const etag = deviceEtag(device);
    if (sinceMs === undefined) return { deviceId, enabled, connected: false, etag, lastSeen: timeOf(lastSeen.get(deviceId)) };
    return { deviceId, enabled, connected: true, etag, connectedSince: timeOf(sinceMs) };
  });
}

function timeOf(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : new Date(ms).toISOString();
}
