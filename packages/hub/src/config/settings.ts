// What the configuration of a hub process holds: the hub's options as far as JSON can say them, and where it keeps its data, listens and drains.
import { DRAIN_LIMIT_MS, MAX_RETRY_AFTER_MS } from '@streams/protocol/internal';
import { z } from 'zod';
import { DEFAULT_PORT } from '../http/listener.ts';
import { programFields, type Setting, settingsOf } from './catalog.ts';
import { optionFields, publicUrlRule } from './schema.ts';

const address = z.string().min(1).describe('The address to listen on. Default: all; with `tls: false` 127.0.0.1.').optional();
const port = z.int().min(0).max(65_535);
const duration = z.int().min(0).max(MAX_RETRY_AFTER_MS);

/** They belong to the process around a hub. */
const ofProcess = {
  dataDirectory: z
    .string()
    .min(1)
    .describe("Directory of the hub's CA, its devices, its policies and its log. Default: `.streams` in the home directory.")
    .optional(),
  listen: z
    .strictObject({
      host: address,
      port: port.default(DEFAULT_PORT).describe('The port to listen on; 0 takes a free one.').optional(),
      streaming: z
        .strictObject({ host: address, port: port.describe('The port for legs.') })
        .describe('A port for legs alone; the other one then takes none. Default: one port for everything.')
        .optional(),
    })
    .describe('Where the hub listens.')
    .optional(),
  drain: z
    .strictObject({
      limitMs: duration
        .default(DRAIN_LIMIT_MS)
        .describe('At the end, open streams may finish for as long, in milliseconds; then the hub closes.')
        .optional(),
      withinMs: duration
        .describe(
          'Only where another hub takes over behind the same name: devices and their sessions go there within this time, in milliseconds. Default: there is no other hub.',
        )
        .optional(),
    })
    .describe('How the hub ends.')
    .optional(),
};

const missing = new Set(programFields(optionFields));
const ofHub = z.strictObject(Object.fromEntries(Object.entries(optionFields.shape).filter(([name]) => !missing.has(name))));

/** What a configuration is checked by. What a hub cannot be without may come from elsewhere. */
export const settingsSchema: z.ZodObject = z
  .strictObject({ ...ofProcess, ...ofHub.partial({ hostNames: true, tls: true, policies: true }).shape })
  .refine(publicUrlRule.holds, publicUrlRule.problem);

/** All that can be set. */
export const SETTINGS: readonly Setting[] = settingsOf(settingsSchema);
