// Public names of @streams/protocol/otel, which needs @opentelemetry/api. Nothing else here does.
export { enableOpenTelemetry } from './telemetry/open-telemetry.ts';
export type { OpenTelemetryOptions } from './telemetry/open-telemetry.ts';
