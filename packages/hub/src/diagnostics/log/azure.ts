// A record in the shape of Azure Monitor's category `DeviceStreams`, for queries that were written for it (`AzureDiagnostics`).
import { ERRORS, type LogRecord, VERSION } from '@streams/protocol/internal';

/** What Azure's records say of the hub. */
export interface AzureOptions {
  /** Default: `/HUBS/` and the hub's first name. */
  readonly resourceId?: string | undefined;
  /** Default: empty. */
  readonly location?: string | undefined;
}

/** One line for each request, as Azure has it: once it has failed, or its stream has ended. `undefined`: nothing has ended yet. */
export function azureLine(record: LogRecord, hostName: string, options: AzureOptions): string | undefined {
  if (record.result === 'established') return undefined;
  const { resourceId = `/HUBS/${hostName.toUpperCase()}`, location = '' } = options;
  const { time, code, durationMs } = record;
  return JSON.stringify({
    time,
    resourceId,
    operationName: 'invoke',
    category: 'DeviceStreams',
    resultType: code ?? '',
    resultDescription: code === null ? '' : (record.reason ?? '') || ERRORS[code].message,
    level: code === null ? 'Information' : 'Error',
    // Text, as there.
    durationMs: String(durationMs),
    properties: JSON.stringify(propertiesOf(record)),
    location,
  });
}

/** Azure's columns, and after them those that it does not have. */
function propertiesOf(record: LogRecord): object {
  const { deviceId, streamName, bytesToDevice, bytesToService, code } = record;
  const { streamId, policy, address, result, startTime, endedBy, closeCode, trackingId } = record;
  const ours = { streamId, policy, address, result, startTime, endedBy, closeCode, trackingId };
  return {
    deviceId,
    moduleId: null,
    sdkVersion: VERSION,
    requestSize: String(bytesToDevice ?? 0),
    responseSize: String(bytesToService ?? 0),
    statusCode: code === null ? null : (ERRORS[code].httpStatus ?? null),
    requestName: streamName,
    direction: 'c2d',
    ...ours,
  };
}
