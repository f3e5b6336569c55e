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
import { requirePermission } from '../auth/authorize.ts';
import type { Sessions } from '../control/sessions.ts';
import type { Answer, Call, Route } from '../http/routes.ts';
import type { DeviceWriter } from './device-writer.ts';
import type { DeviceRecord, Registry } from './registry.ts';

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
  requirePermission(call.identity, 'device:write');
  const deviceId = asDeviceId(call.params[0]);
  const mustExist = call.headers['if-match'] === '*';
  const { device, created } = await devices.put(deviceId, asPutDeviceBody(await call.body()), mustExist);
  return { status: created ? 201 : 200, body: view(device, sessions.isConnected(deviceId), true) };
}

async function show({ registry, sessions }: DeviceRoutesContext, call: Call): Promise<Answer> {
  const policy = requirePermission(call.identity, 'device:read');
  const device = await registry.get(asDeviceId(call.params[0]));
  if (device === undefined) throw createError('DEVICE_NOT_FOUND');
  return { status: 200, body: view(device, sessions.isConnected(device.deviceId), policy.permissions.has('device:write')) };
}

/** Keys are shown one device at a time: a list is for looking, and a page of keys would be a page of secrets. */
async function list({ registry, sessions }: DeviceRoutesContext, { identity, query }: Call): Promise<Answer> {
  requirePermission(identity, 'device:read');
  const limit = asInteger(Number(query.get('limit') ?? MAX_LISTED_DEVICES), 'limit', 1, MAX_LISTED_DEVICES);
  const after = query.has('after') ? asDeviceId(query.get('after')) : undefined;
  // One more than asked for shows whether there is a next page.
  const devices = await registry.list({ after, limit: limit + 1 });
  const page = devices.slice(0, limit);
  const body: DeviceListView = {
    devices: page.map((device) => view(device, sessions.isConnected(device.deviceId), false)),
    next: devices.length > limit ? page.at(-1)?.deviceId : undefined,
  };
  return { status: 200, body };
}

async function remove({ devices }: DeviceRoutesContext, call: Call): Promise<Answer> {
  requirePermission(call.identity, 'device:write');
  await devices.delete(asDeviceId(call.params[0]));
  return { status: 204 };
}

function view({ deviceId, enabled, keys }: DeviceRecord, connected: boolean, withKeys: boolean): DeviceView {
  return { deviceId, enabled, connected, keys: withKeys ? keys : undefined };
}
