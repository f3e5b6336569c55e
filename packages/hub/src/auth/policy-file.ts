// The file `policies.json` of a data directory: what must be in it, for its owner's eyes alone. What is wrong is named, never shown.
import { chmod, mkdir, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createError, privacyProblem, type StreamsError } from '@streams/protocol/internal';
import { z } from 'zod';
import { pathOf, policiesSchema, type PolicyOptions } from '../config/policies.ts';
import { writeWhole } from '../whole-file.ts';

/** The file as it was read. */
export interface PolicyFile {
  readonly text: string;
  readonly policies: readonly PolicyOptions[];
}

const OWNER_ONLY = 0o600;
const contentSchema = z.strictObject({
  policies: policiesSchema.min(1, 'expected at least one policy: without one no service can authenticate'),
});

export function policyFileIn(dataDirectory: string): string {
  return join(dataDirectory, 'policies.json');
}

/** `undefined` where there is none. @throws `STREAMS_INVALID_CONFIGURATION` that names the file, the path of what is wrong, and the remedy. */
export async function readPolicyFile(file: string): Promise<PolicyFile | undefined> {
  const text = await readOwn(file);
  return text === undefined ? undefined : { text, policies: parse(file, text) };
}

/**
 * Makes the directory, if need be. @returns the text that is in the file now.
 * @throws `STREAMS_INVALID_CONFIGURATION` for policies that could not be read again, `STREAMS_INTERNAL` that names the file.
 */
export async function writePolicyFile(file: string, policies: readonly PolicyOptions[]): Promise<string> {
  const text = `${JSON.stringify({ policies }, undefined, 2)}\n`;
  parse(file, text);
  try {
    const made = await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    if (made !== undefined) await chmod(dirname(file), 0o700);
    await writeWhole(file, text, OWNER_ONLY);
    return text;
  } catch (cause) {
    throw createError('INTERNAL', { message: `${file} could not be written: ${(cause as Error).message}`, cause });
  }
}

/** One handle for the look at the rights and for the content, so that both are of the same file. */
async function readOwn(file: string): Promise<string | undefined> {
  try {
    await using handle = await open(file, 'r');
    const exposed = privacyProblem(file, (await handle.stat()).mode, 'nobody');
    if (exposed !== undefined) throw wrong(file, undefined, `${exposed}, and replace the keys if they may have been read`);
    return await handle.readFile('utf8');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    if (code === undefined || code === 'STREAMS_INVALID_CONFIGURATION') throw cause;
    throw wrong(file, undefined, `cannot be read (${code})`, cause);
  }
}

function parse(file: string, text: string): readonly PolicyOptions[] {
  const result = contentSchema.safeParse(jsonOf(file, text));
  if (result.success) return result.data.policies;
  const [issue] = result.error.issues;
  throw wrong(file, pathOf(issue?.path ?? [], 'the whole'), issue?.message ?? 'expected policies');
}

function jsonOf(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // A parser's message can show a part of the text, which may be a key.
    throw wrong(file, undefined, 'is no JSON; correct it, or restore it from a backup');
  }
}

function wrong(file: string, path: string | undefined, problem: string, cause?: unknown): StreamsError {
  const message = path === undefined ? `${file} ${problem}` : `${file}: ${path}: ${problem}`;
  return createError('INVALID_CONFIGURATION', { message, details: { field: 'dataDirectory', file, path }, cause });
}
