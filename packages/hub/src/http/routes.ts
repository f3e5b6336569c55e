// Finds the handler of a REST request: authentication first, then the table, then the body.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createError, fail, type Fields, MAX_BODY_BYTES, parseObject } from '@streams/protocol/internal';
import type { Identity } from '../auth/authenticate.ts';

/** A request as a handler sees it. */
export interface Call {
  readonly identity: Identity;
  /** The path segments that stand for `:parameters`, decoded once. */
  readonly params: readonly string[];
  readonly query: URLSearchParams;
  readonly trackingId: string;
  /** The caller's IP address, as far as it can be known. */
  readonly address: string;
  readonly headers: IncomingMessage['headers'];
  /** Fires if the caller goes away before it has its answer. */
  readonly signal: AbortSignal;
  /** The body as a JSON object; empty where there is none. */
  body(): Promise<Fields>;
  /** The body as it comes, however large and however long it takes: who asks for it sees to it that it goes on. */
  chunks(): AsyncIterable<Buffer>;
}

/** What a handler answers. */
export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: object | undefined;
  /** Instead of a body: text of another type than JSON. */
  readonly text?: { readonly type: string; readonly content: string } | undefined;
  /** Instead of a body: lines of JSON (NDJSON), one or more at a time, sent as they come. */
  readonly lines?: AsyncIterable<string> | undefined;
  /** Writes the answer's head and body itself, where they are no JSON object; the headers of every answer are set already. */
  readonly send?: ((response: ServerResponse) => void) | undefined;
}

/** One row of the table. */
export interface Route {
  readonly method: string;
  /** Literal segments, and `:name` for a parameter. */
  readonly path: readonly string[];
  handle(call: Call): Promise<Answer> | Answer;
}

/** The segments of a request target's path, each decoded once; an encoded slash stays inside its segment. */
export function segmentsOf(target: string): string[] {
  const path = target.split('?', 1)[0] ?? '';
  try {
    return path.slice(1).split('/').map(decodeURIComponent);
  } catch {
    throw createError('BAD_REQUEST', { message: 'the path is not percent-encoded correctly' });
  }
}

/** What stands behind the `?` of a request target. */
export function queryOf(target: string): URLSearchParams {
  return new URLSearchParams(target.split('?').slice(1).join('?'));
}

/** `true` or `false` of a query; `undefined` where it is left out. @throws `STREAMS_BAD_REQUEST` that names it. */
export function flagOf(query: URLSearchParams, name: string): boolean | undefined {
  const text = query.get(name);
  if (text !== null && text !== 'true' && text !== 'false') fail(name, 'true or false', text);
  return text === null ? undefined : text === 'true';
}

/** The values of the `:parameters`, or `undefined` if the path is another one. */
export function matchPath(pattern: readonly string[], segments: readonly string[]): string[] | undefined {
  if (pattern.length !== segments.length) return undefined;
  const params: string[] = [];
  for (const [index, part] of pattern.entries()) {
    const segment = segments[index] ?? '';
    if (part.startsWith(':')) params.push(segment);
    else if (part !== segment) return undefined;
  }
  return params;
}

/** @throws `STREAMS_NOT_FOUND` */
export function findRoute(routes: readonly Route[], method: string, target: string): { route: Route; params: string[] } {
  const segments = segmentsOf(target);
  for (const route of routes) {
    const params = route.method === method ? matchPath(route.path, segments) : undefined;
    if (params) return { route, params };
  }
  throw createError('NOT_FOUND', { message: `the hub has no endpoint ${method} of this path` });
}

/** Reads a body of bounded size. */
export async function readBody(request: IncomingMessage): Promise<Fields> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of whole(request)) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) throw createError('TOO_LARGE', { message: `a body holds at most ${MAX_BODY_BYTES} bytes` });
    chunks.push(chunk);
  }
  return bytes === 0 ? {} : parseObject(Buffer.concat(chunks).toString(), 'body');
}

/** What a request carries. Whoever leaves in the middle of it is no failure of the hub. */
async function* whole(request: IncomingMessage): AsyncGenerator<Buffer, void> {
  try {
    yield* request as AsyncIterable<Buffer>;
  } catch (cause) {
    throw createError('BAD_REQUEST', { message: 'the request ended in the middle of its body', cause });
  }
}
