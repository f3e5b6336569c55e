// The option `resourceLog`: where the resource log is kept, how much of it, and in which form.
import { z } from 'zod';

/** What the hub keeps of its resource log, and where. */
export interface ResourceLogOptions {
  /**
   * Directory of the log's files, made with mode 0700 where it is missing, and of one hub alone. Default: none; the newest 4,000 records
   * are kept in memory.
   */
  readonly directory?: string | undefined;
  /** Files of days that are longer past are removed. 1 to 3,650 days. Default: 30. */
  readonly days?: number | undefined;
  /** All files together have at most so many bytes; the oldest go first. 4,194,304 or more. Default: 1,073,741,824. */
  readonly maxBytes?: number | undefined;
  /**
   * `azure`: beside the hub's own files, `azure-….ndjson` in the shape of Azure Monitor's category `DeviceStreams`, for a collector.
   * Each of the two gets half of `maxBytes`. Takes a `directory`. Default: `streams`.
   */
  readonly format?: 'streams' | 'azure' | undefined;
  /** `resourceId` of Azure's records. Default: `/HUBS/` and the hub's first name. */
  readonly resourceId?: string | undefined;
  /** `location` of Azure's records. Default: empty. */
  readonly location?: string | undefined;
  /** Whether each record goes to the hub's logger as well. Default: true. */
  readonly logger?: boolean | undefined;
}

/** Of a log in files, with the defaults filled in. */
export interface FileLogOptions extends ResourceLogOptions {
  readonly directory: string;
  readonly days: number;
  readonly maxBytes: number;
}

const DAYS = 30;
const MAX_DAYS = 3_650;
const MAX_BYTES = 1_073_741_824;
const LEAST_BYTES = 4_194_304;
const DAYS_EXPECTED = `expected a whole number of days from 1 to ${MAX_DAYS}`;
const BYTES_EXPECTED = `expected a whole number of bytes, ${LEAST_BYTES} or more`;
const MAX_TEXT_CHARACTERS = 1_024;

/** The defaults filled in. */
export function fileLogOptions(directory: string, { days = DAYS, maxBytes = MAX_BYTES, ...others }: ResourceLogOptions): FileLogOptions {
  return { ...others, directory, days, maxBytes };
}

export const resourceLogSchema: z.ZodType<ResourceLogOptions | undefined> = z
  .strictObject({
    directory: z
      .string()
      .min(1)
      .optional()
      .describe('Directory of the files of the resource log. Default: none; the newest 4,000 records are kept in memory.'),
    days: z
      .int(DAYS_EXPECTED)
      .min(1, DAYS_EXPECTED)
      .max(MAX_DAYS, DAYS_EXPECTED)
      .optional()
      .describe(`Days after which files of the resource log are removed. Default: ${DAYS}.`),
    maxBytes: z
      .int(BYTES_EXPECTED)
      .min(LEAST_BYTES, BYTES_EXPECTED)
      .optional()
      .describe(`Bytes of all files of the resource log together; the oldest are removed first. Default: ${MAX_BYTES}.`),
    format: z
      .enum(['streams', 'azure'])
      .optional()
      .describe("`azure`: beside the hub's own files, files in the shape of Azure Monitor's category DeviceStreams. Default: `streams`."),
    resourceId: z
      .string()
      .max(MAX_TEXT_CHARACTERS)
      .optional()
      .describe("`resourceId` of Azure's records. Default: `/HUBS/` and the hub's first name."),
    location: z.string().max(MAX_TEXT_CHARACTERS).optional().describe("`location` of Azure's records. Default: empty."),
    logger: z.boolean().optional().describe("Whether each record of the resource log goes to the hub's logger as well. Default: true."),
  })
  .refine(({ format, directory }) => format !== 'azure' || directory !== undefined, {
    path: ['directory'],
    message: 'is needed with format: azure, whose records are for files',
  })
  .optional();
