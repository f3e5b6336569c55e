// REST of devices: create or change one, show one, delete one.
import { asDeviceId, asPutDeviceBody, createError, type DeviceView } from '@streams/protocol/internal';
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

/** `PUT`, `GET` and `DELETE /v1/devices/{id}`. */
export function deviceRoutes(context: DeviceRoutesContext): Route[] {
  return [
    { method: 'PUT', path: ['v1', 'devices', ':id'], handle: (call) => put(context, call) },
    { method: 'GET', path: ['v1', 'devices', ':id'], handle: (call) => show(context, call) },
    { method: 'DELETE', path: ['v1', 'devices', ':id'], handle: (call) => remove(context, call) },
  ];
}

async function put({ devices, sessions }: DeviceRoutesContext, call: Call): Promise<Answer> {
  requirePermission(call.identity, 'device:write');
  const deviceId = asDeviceId(call.params[0]);
  const { device, created } = await devices.put(deviceId, asPutDeviceBody(await call.body()));
  return { status: created ? 201 : 200, body: view(device, sessions.isConnected(deviceId), true) };
}

async function show({ registry, sessions }: DeviceRoutesContext, call: Call): Promise<Answer> {
  const policy = requirePermission(call.identity, 'device:read');
  const device = await registry.get(asDeviceId(call.params[0]));
  if (device === undefined) throw createError('DEVICE_NOT_FOUND');
  return { status: 200, body: view(device, sessions.isConnected(device.deviceId), policy.permissions.has('device:write')) };
}

async function remove({ devices }: DeviceRoutesContext, call: Call): Promise<Answer> {
  requirePermission(call.identity, 'device:write');
  await devices.delete(asDeviceId(call.params[0]));
  return { status: 204 };
}

function view({ deviceId, enabled, keys }: DeviceRecord, connected: boolean, withKeys: boolean): DeviceView {
  return { deviceId, enabled, connected, keys: withKeys ? keys : undefined };
}
