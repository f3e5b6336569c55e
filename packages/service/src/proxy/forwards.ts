// What a service proxy is to listen on, looked over before use.
import { checkWhole, createError, isName, isWhole, MAX_HANDSHAKE_TIMEOUT_MS } from '@streams/protocol/internal';

/** One local port and the stream name that its connections get. */
export interface Forward {
  /** 0: a free one. */
  readonly port: number;
  /** Default: 127.0.0.1, which only this machine reaches. */
  readonly host?: string | undefined;
  /** The service's name in the device's own list. */
  readonly name: string;
}

/** A forward whose host is known. */
export type ForwardAddress = Required<{ [Field in keyof Forward]: NonNullable<Forward[Field]> }>;

/** @throws `STREAMS_INVALID_ARGUMENT` that names the field. */
export function readForwards(options: { deviceId: unknown; forwards: unknown; timeoutMs?: unknown }): ForwardAddress[] {
  const { deviceId, forwards, timeoutMs } = options;
  if (!isName(deviceId)) invalid('deviceId', 'expected a device id');
  if (!Array.isArray(forwards) || forwards.length === 0) invalid('forwards', "expected an array such as [{ port: 2222, name: 'ssh' }]");
  checkWhole('createServiceProxy', 'timeoutMs', timeoutMs, 1, MAX_HANDSHAKE_TIMEOUT_MS);
  return forwards.map((forward: unknown, index) => readForward(forward, `forwards[${index}]`));
}

function readForward(forward: unknown, field: string): ForwardAddress {
  if (typeof forward !== 'object' || forward === null) invalid(field, "expected an object such as { port: 2222, name: 'ssh' }");
  const { port, host = '127.0.0.1', name } = forward as { port?: unknown; host?: unknown; name?: unknown };
  if (!isWhole(port, 0, 65_535)) invalid(`${field}.port`, 'expected a port from 0 to 65535');
  if (typeof host !== 'string' || host === '') invalid(`${field}.host`, 'expected an address or a host name of this machine');
  if (!isName(name)) invalid(`${field}.name`, 'expected a stream name');
  return { port, host, name };
}

function invalid(field: string, problem: string): never {
  throw createError('INVALID_ARGUMENT', { message: `createServiceProxy: ${field}: ${problem}`, details: { field } });
}
