// Shared access policies as they are configured and kept, and what they must look like.
import {
  isName,
  isPolicyName,
  isSharedAccessKey,
  isUtcTime,
  MAX_PATTERNS,
  type Permission,
  PERMISSIONS,
  TOKEN_POLICY_PREFIX,
} from '@streams/protocol/internal';
import { z } from 'zod';

/** A service's keys and what they permit. */
export interface PolicyOptions {
  /** The `SharedAccessKeyName` of the service's connection string. */
  readonly name: string;
  /** One or two base64 keys of at least 16 bytes; two, so that one can be replaced while the other is in use. */
  readonly keys: readonly string[];
  readonly permissions: readonly Permission[];
  /** Patterns of device ids, the only ones that the policy may see and use: `pump-*` is each that begins so, all else literal. Default: all. */
  readonly devices?: readonly string[] | undefined;
  /** Patterns of stream names, the only ones that it may ask for. Default: all. */
  readonly streams?: readonly string[] | undefined;
  /** ISO 8601, UTC, such as `2027-01-31T12:00:00Z`: from then on the keys are refused, and streams end. Default: never. */
  readonly expiresAt?: string | undefined;
}

const key = z.string().refine(isSharedAccessKey, 'expected base64 of 16 to 256 bytes, such as `openssl rand -base64 32` prints');
const pattern = z.string().refine(isName, 'expected a name, or the beginning of names with a * behind it, such as "pump-*"');
const patterns = z.array(pattern).min(1, 'expected at least one pattern; leave the field out to permit all').max(MAX_PATTERNS);

/** For a schema: permissions, and the devices and stream names that they are for. */
export interface GrantFields {
  readonly permissions: z.ZodType<Permission[]>;
  readonly devices: z.ZodOptional<z.ZodArray<z.ZodString>>;
  readonly streams: z.ZodOptional<z.ZodArray<z.ZodString>>;
}

/** What permits something, and where. */
export const grantFields: GrantFields = {
  permissions: z.array(z.enum(PERMISSIONS)).min(1).describe('What is permitted.'),
  devices: patterns
    .describe(
      'Patterns of the device ids that may be seen and used; a * at the end stands for any ending, all else is literal. Default: all.',
    )
    .optional(),
  streams: patterns.describe('Patterns of the stream names that may be asked for. Default: all.').optional(),
};

const policySchema = z.strictObject({
  name: z
    .string()
    .refine(isPolicyName, `expected a name such as "backend", without ${TOKEN_POLICY_PREFIX} in front`)
    .describe('The SharedAccessKeyName of the connection string.'),
  keys: z
    .array(key)
    .min(1)
    .max(2)
    .describe('One or two keys, base64 of 16 to 256 bytes; either signs, so that one can be replaced while the other is in use.'),
  ...grantFields,
  expiresAt: z
    .string()
    .refine(isUtcTime, 'expected a moment in UTC such as 2027-01-31T12:00:00Z')
    .describe('From this moment on, ISO 8601 in UTC, the keys are refused, and streams end. Default: never.')
    .optional(),
});

/** A list of policies, each name once. */
export const policiesSchema: z.ZodArray<z.ZodType<PolicyOptions>> = z
  .array(policySchema)
  .superRefine((policies, context) => {
    const names = policies.map(({ name }) => name);
    const index = names.findIndex((name, at) => names.indexOf(name) !== at);
    if (index >= 0) context.addIssue({ code: 'custom', path: [index, 'name'], message: `the policy ${names[index]} stands there twice` });
  })
  .describe('Shared access policies: named keys of services, and what they permit.');
