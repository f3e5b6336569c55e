// Public names of @streams/service/otel, which needs @opentelemetry/api.
export { enableOpenTelemetry } from '@streams/protocol/otel';
export type { OpenTelemetryOptions } from '@streams/protocol/otel';
