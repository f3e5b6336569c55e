// REST of devices: create or change one, show one or many, delete one; export and import all.
import { asDeviceId, asPutDeviceBody, createError } from '@streams/protocol/internal';
import { mayUseDevice, requirePermission } from '../auth/authorize.ts';
import { permits } from '../auth/policies.ts';
import { preconditionsOf } from '../http/preconditions.ts';
import { type Answer, type Call, flagOf, type Route } from '../http/routes.ts';
import { viewOf, type ViewContext } from './device-view.ts';
import { deviceEtag } from './etag.ts';
import { exportDevices } from './export-devices.ts';
import type { FindContext } from './find-devices.ts';
import { DeviceImport, type ImportContext } from './import-devices.ts';
import { filtersOf, listDevices } from './list-devices.ts';
import type { DeviceRecord } from './registry.ts';

/** What the routes work on. */
export interface DeviceRoutesContext extends FindContext, ViewContext, ImportContext {}

/** `GET /v1/devices`, `GET /v1/devices:export`, `POST /v1/devices:import`; `PUT`, `GET` and `DELETE /v1/devices/{id}`. */
export function deviceRoutes(context: DeviceRoutesContext): Route[] {
  return [
    { method: 'GET', path: ['v1', 'devices'], handle: (call) => list(context, call) },
    { method: 'GET', path: ['v1', 'devices:export'], handle: (call) => exportAll(context, call) },
    { method: 'POST', path: ['v1', 'devices:import'], handle: (call) => importAll(context, call) },
    { method: 'PUT', path: ['v1', 'devices', ':id'], handle: (call) => put(context, call) },
    { method: 'GET', path: ['v1', 'devices', ':id'], handle: (call) => show(context, call) },
    { method: 'DELETE', path: ['v1', 'devices', ':id'], handle: (call) => remove(context, call) },
  ];
}

async function put(context: DeviceRoutesContext, call: Call): Promise<Answer> {
  const deviceId = asDeviceId(call.params[0]);
  requirePermission(call.identity, 'device:write', { deviceId });
  const body = asPutDeviceBody(await call.body());
  const { device, outcome } = await context.devices.put(deviceId, body, preconditionsOf(call.headers));
  return answerWith(context, outcome === 'created' ? 201 : 200, device, true);
}

async function show(context: DeviceRoutesContext, call: Call): Promise<Answer> {
  const deviceId = asDeviceId(call.params[0]);
  const policy = requirePermission(call.identity, 'device:read', { deviceId });
  const device = await context.registry.get(deviceId);
  if (device === undefined) throw createError('DEVICE_NOT_FOUND');
  return answerWith(context, 200, device, permits(policy, 'device:write', { deviceId }));
}

async function list(context: DeviceRoutesContext, { identity, query }: Call): Promise<Answer> {
  const policy = requirePermission(identity, 'device:read');
  return { status: 200, body: await listDevices(context, query, (deviceId) => mayUseDevice(policy, deviceId)) };
}

async function remove({ devices }: DeviceRoutesContext, call: Call): Promise<Answer> {
  const deviceId = asDeviceId(call.params[0]);
  requirePermission(call.identity, 'device:write', { deviceId });
  await devices.delete(deviceId, preconditionsOf(call.headers));
  return { status: 204 };
}

function exportAll(context: DeviceRoutesContext, { identity, query }: Call): Answer {
  const policy = requirePermission(identity, 'device:read');
  const wanted = { ...filtersOf(query), isInScope: (deviceId: string) => mayUseDevice(policy, deviceId) };
  const showsKeys = (deviceId: string): boolean => mayUseDevice(policy, deviceId, 'device:write');
  return { status: 200, lines: exportDevices(context, wanted, showsKeys) };
}

function importAll(context: DeviceRoutesContext, call: Call): Answer {
  const policy = requirePermission(call.identity, 'device:write');
  const isInScope = (deviceId: string): boolean => mayUseDevice(policy, deviceId, 'device:write');
  const stopOnError = flagOf(call.query, 'stopOnError') ?? false;
  const { signal, trackingId } = call;
  const given = { chunks: call.chunks(), isInScope, stopOnError, signal, trackingId };
  return { status: 200, lines: new DeviceImport(context, given).answer() };
}

async function answerWith(context: ViewContext, status: number, device: DeviceRecord, withKeys: boolean): Promise<Answer> {
  return { status, headers: { ETag: `"${deviceEtag(device)}"` }, body: await viewOf(context, device, withKeys) };
}
