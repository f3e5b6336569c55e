// The file `policies.json` of a data directory: what must be in it, for its owner's eyes alone. What is wrong is named, never shown.
import { chmod, mkdir, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { asObject, asPolicy, createError, fail, type Fields, privacyProblem, StreamsError } from '@streams/protocol/internal';
import type { PolicyOptions } from '../config/policies.ts';
import { notWritten } from '../not-written.ts';
import { writeWhole } from '../whole-file.ts';

/** The file as it was read. */
export interface PolicyFile {
  readonly text: string;
  readonly policies: readonly PolicyOptions[];
}

const OWNER_ONLY = 0o600;
/** Of a name that somebody has made up. */
const MAX_SHOWN = 64;

export function policyFileIn(dataDirectory: string): string {
  return join(dataDirectory, 'policies.json');
}

/**
 * The policies of a data directory, for who runs no hub there; `undefined` where there are none yet.
 * @throws `STREAMS_INVALID_CONFIGURATION` that names the file and the path of what is wrong, as `openPolicies`.
 */
export async function readPolicies({ dataDirectory }: { readonly dataDirectory: string }): Promise<readonly PolicyOptions[] | undefined> {
  return (await readPolicyFile(policyFileIn(dataDirectory)))?.policies;
}

/** `undefined` where there is none. @throws `STREAMS_INVALID_CONFIGURATION` that names the file, the path of what is wrong, and the remedy. */
export async function readPolicyFile(file: string): Promise<PolicyFile | undefined> {
  const text = await readOwn(file);
  return text === undefined ? undefined : { text, policies: parse(file, text) };
}

/**
 * Makes the directory, if need be. @returns the text that is in the file now.
 * @throws `STREAMS_INVALID_CONFIGURATION` for policies that could not be read again, `STREAMS_INTERNAL` that names the file, `STREAMS_OVERLOADED` where its disk is full or fails.
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
    throw notWritten(file, cause);
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
  try {
    return asPolicies(asObject(jsonOf(file, text), 'the whole'));
  } catch (error) {
    if (!StreamsError.is(error) || error.code !== 'STREAMS_BAD_REQUEST') throw error;
    throw wrong(file, String(error.details['path']), error.message);
  }
}

/** The guards that REST has too. @throws `STREAMS_BAD_REQUEST` with the path. */
function asPolicies({ policies, ...others }: Fields): readonly PolicyOptions[] {
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) fail(unknown.slice(0, MAX_SHOWN), 'policies, and nothing else', others[unknown]);
  if (!Array.isArray(policies) || policies.length === 0)
    fail('policies', 'a list of at least one policy: without one no service can authenticate', policies);
  const names = new Set<string>();
  return policies.map((entry: unknown, index) => {
    const policy = asPolicy(entry, `policies[${index}]`);
    if (names.has(policy.name)) fail(`policies[${index}].name`, 'another name than those before', policy.name);
    names.add(policy.name);
    return policy;
  });
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
  const message = path === undefined ? `${file} ${problem}` : `${file}: ${problem}`;
  return createError('INVALID_CONFIGURATION', { message, details: { field: 'dataDirectory', file, path }, cause });
}
