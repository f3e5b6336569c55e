// REST of devices: create or change one, show one or all, delete one.
import {
  asDeviceId,
  asInteger,
  asPutDeviceBody,
  createError,
  type DeviceListView,
  type DeviceView,
  MAX_LISTED_DEVICES,
} from '@streams/protocol/internal';
import { mayUseDevice, requirePermission } from '../auth/authorize.ts';
import { permits, type Policy } from '../auth/policies.ts';
import type { Sessions } from '../control/sessions.ts';
import type { Answer, Call, Route } from '../http/routes.ts';
import type { DeviceWriter } from './device-writer.ts';
import type { DevicePage, DeviceRecord, Registry } from './registry.ts';

const SCANNED_PAGE = MAX_LISTED_DEVICES + 1;

/** What the routes work on. */
export interface DeviceRoutesContext {
  readonly registry: Registry;
  readonly sessions: Sessions;
  readonly devices: DeviceWriter;
}

/** `GET /v1/devices`; `PUT`, `GET` and `DELETE /v1/devices/{id}`. */
export function deviceRoutes(context: DeviceRoutesContext): Route[] {
  return [
    { method: 'GET', path: ['v1', 'devices'], handle: (call) => list(context, call) },
    { method: 'PUT', path: ['v1', 'devices', ':id'], handle: (call) => put(context, call) },
    { method: 'GET', path: ['v1', 'devices', ':id'], handle: (call) => show(context, call) },
    { method: 'DELETE', path: ['v1', 'devices', ':id'], handle: (call) => remove(context, call) },
  ];
}

async function put({ devices, sessions }: DeviceRoutesContext, call: Call): Promise<Answer> {
  const deviceId = asDeviceId(call.params[0]);
  requirePermission(call.identity, 'device:write', { deviceId });
  const mustExist = call.headers['if-match'] === '*';
  const { device, created } = await devices.put(deviceId, asPutDeviceBody(await call.body()), mustExist);
  return { status: created ? 201 : 200, body: view(device, sessions.isConnected(deviceId), true) };
}

async function show({ registry, sessions }: DeviceRoutesContext, call: Call): Promise<Answer> {
  const deviceId = asDeviceId(call.params[0]);
  const policy = requirePermission(call.identity, 'device:read', { deviceId });
  const device = await registry.get(deviceId);
  if (device === undefined) throw createError('DEVICE_NOT_FOUND');
  return { status: 200, body: view(device, sessions.isConnected(deviceId), permits(policy, 'device:write', { deviceId })) };
}

/** Keys are shown one device at a time: a list is for looking, and a page of keys would be a page of secrets. */
async function list({ registry, sessions }: DeviceRoutesContext, { identity, query }: Call): Promise<Answer> {
  const policy = requirePermission(identity, 'device:read');
  const limit = asInteger(Number(query.get('limit') ?? MAX_LISTED_DEVICES), 'limit', 1, MAX_LISTED_DEVICES);
  const after = query.has('after') ? asDeviceId(query.get('after')) : undefined;
  // One more than asked for shows whether there is a next page.
  const devices = await permittedDevices(registry, policy, { after, limit: limit + 1 });
  const page = devices.slice(0, limit);
  const body: DeviceListView = {
    devices: page.map((device) => view(device, sessions.isConnected(device.deviceId), false)),
    next: devices.length > limit ? page.at(-1)?.deviceId : undefined,
  };
  return { status: 200, body };
}

async function remove({ devices }: DeviceRoutesContext, call: Call): Promise<Answer> {
  const deviceId = asDeviceId(call.params[0]);
  requirePermission(call.identity, 'device:write', { deviceId });
  await devices.delete(deviceId);
  return { status: 204 };
}

/** Those that the policy may see; of the others not even an id shows, so pages are as full as they can be. */
async function permittedDevices(registry: Registry, policy: Policy, { after, limit }: DevicePage): Promise<DeviceRecord[]> {
  const permitted: DeviceRecord[] = [];
  for (let last = after; permitted.length < limit; ) {
    const page = await registry.list({ after: last, limit: SCANNED_PAGE });
    permitted.push(...page.filter(({ deviceId }) => mayUseDevice(policy, deviceId)));
    if (page.length < SCANNED_PAGE) break;
    last = page.at(-1)?.deviceId;
  }
  return permitted.slice(0, limit);
}

function view({ deviceId, enabled, keys }: DeviceRecord, connected: boolean, withKeys: boolean): DeviceView {
  return { deviceId, enabled, connected, keys: withKeys ? keys : undefined };
}
