// Finds devices among very many, a few at a time, whatever is asked for: by the shortest list that has them all.
import type { Presence } from '../control/presence.ts';
import type { DeviceRecord, Registry } from './registry.ts';

/** Devices that are looked at in one turn of the event loop; some milliseconds. */
const STEP = 250;

/** Which devices. */
export interface DeviceQuery {
  readonly after?: string | undefined;
  readonly prefix?: string | undefined;
  readonly connected?: boolean | undefined;
  readonly enabled?: boolean | undefined;
  /** Whom the caller may see. */
  readonly isInScope: (deviceId: string) => boolean;
}

/** Where to look. */
export interface FindContext {
  readonly registry: Registry;
  readonly presence: Presence;
}

/** What one step has found. */
export interface Found {
  readonly devices: readonly DeviceRecord[];
  /** Up to which id everything has been looked at; `undefined`: to the end. */
  readonly next: string | undefined;
}

/**
 * Yields what it finds, in the order of the ids, step by step. A step may find nothing.
 * @param first How many devices the first step looks at.
 */
export async function* findDevices(context: FindContext, query: DeviceQuery, first: number = STEP): AsyncGenerator<Found, void> {
  const { enabled, connected, isInScope } = query;
  let { after } = query;
  let limit = first;
  do {
    const seen = await lookAt(context, query, limit, after);
    after = seen.next;
    limit = STEP;
    const devices = seen.devices.filter(
      (device) =>
        (enabled === undefined || device.enabled === enabled) &&
        (connected === undefined || (context.presence.sinceMs(device.deviceId) !== undefined) === connected) &&
        isInScope(device.deviceId),
    );
    yield { devices, next: after };
  } while (after !== undefined);
}

/** The next candidates: of those who are connected, of those who are disabled, or of all. */
async function lookAt({ registry, presence }: FindContext, query: DeviceQuery, limit: number, after = ''): Promise<Found> {
  const { prefix = '', connected, enabled } = query;
  const disabled = enabled === false;
  if (!connected || disabled) {
    const devices = await registry.list({ after, prefix, disabled, limit });
    return { devices, next: devices.length < limit ? undefined : devices.at(-1)?.deviceId };
  }
  const ids: string[] = [];
  for (const id of presence.ids(after, prefix)) if (ids.push(id) === limit) break;
  const devices = await Promise.all(ids.map((id) => registry.get(id)));
  return { devices: devices.filter((device) => device !== undefined), next: ids.length < limit ? undefined : ids.at(-1) };
}
