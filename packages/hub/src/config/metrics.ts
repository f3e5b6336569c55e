// The section `metrics` of the hub's options.
import { z } from 'zod';

/** Who may read `/metrics`. */
export interface MetricsOptions {
  /**
   * Whether a request that comes straight from the hub's own machine needs no credential. Default: true. `false` where something on
   * that machine hands on TCP connections from elsewhere, such as a TLS pass-through or a sidecar: all of them come from loopback.
   */
  readonly openOnLoopback?: boolean | undefined;
}

/** Its schema. */
export const metricsSchema: z.ZodType<MetricsOptions> = z.strictObject({
  openOnLoopback: z
    .boolean()
    .optional()
    .describe(
      'Whether /metrics needs no credential for a request that comes straight from the machine of the hub. Default: true. False where something on that machine hands on TCP connections from elsewhere, such as a TLS pass-through or a sidecar.',
    ),
});
