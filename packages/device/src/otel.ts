// Public names of @streams/device/otel, which needs @opentelemetry/api.
export { enableOpenTelemetry } from '@streams/protocol/otel';
export type { OpenTelemetryOptions } from '@streams/protocol/otel';
