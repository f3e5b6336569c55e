// Public names of @streams/hub/otel, which needs @opentelemetry/api.
export { enableOpenTelemetry } from '@streams/protocol/otel';
export type { OpenTelemetryOptions } from '@streams/protocol/otel';
