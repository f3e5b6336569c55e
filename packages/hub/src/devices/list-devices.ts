// `GET /v1/devices`: a page of the list, however rare what is looked for.
import { asDeviceId, asInteger, asNamePrefix, type DeviceListView, MAX_LISTED_DEVICES, optional } from '@streams/protocol/internal';
import { flagOf } from '../http/routes.ts';
import { viewsOf, type ViewContext } from './device-view.ts';
import { type DeviceQuery, findDevices, type FindContext } from './find-devices.ts';
import type { DeviceRecord } from './registry.ts';

/** Who looks for something very rare gets a page that is not full after so many steps, and goes on with `next`. */
const MAX_STEPS = 5;

/** The filters that list and export have in common. @throws `STREAMS_BAD_REQUEST` that names the parameter. */
export function filtersOf(query: URLSearchParams): Pick<DeviceQuery, 'prefix' | 'connected' | 'enabled'> {
  const prefix = optional(query.get('prefix') ?? undefined, (value) => asNamePrefix(value, 'prefix'));
  return { prefix, connected: flagOf(query, 'connected'), enabled: flagOf(query, 'enabled') };
}

/** Keys are shown one device at a time: a list is for looking, and a page of keys would be a page of secrets. */
export async function listDevices(
  context: FindContext & ViewContext,
  query: URLSearchParams,
  isInScope: DeviceQuery['isInScope'],
): Promise<DeviceListView> {
  const limit = asInteger(Number(query.get('limit') ?? MAX_LISTED_DEVICES), 'limit', 1, MAX_LISTED_DEVICES);
  const after = query.has('after') ? asDeviceId(query.get('after')) : undefined;
  const steps = findDevices(context, { ...filtersOf(query), after, isInScope }, limit + 1);
  const found: DeviceRecord[] = [];
  let next: string | undefined;
  let count = 0;
  for await (const step of steps) {
    found.push(...step.devices);
    next = step.next;
    count += 1;
    // One more than asked for shows whether there is a next page.
    if (found.length > limit) break;
    // `next` shows an id: only one that the caller may see.
    if (count >= MAX_STEPS && (next === undefined || isInScope(next))) break;
  }
  const page = found.slice(0, limit);
  return { devices: await viewsOf(context, page), next: found.length > limit ? page.at(-1)?.deviceId : next };
}
