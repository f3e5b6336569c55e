// The portal's files, as the build left them beside the hub: read once, then served from memory, to anyone.
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { extname } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { createError } from '@streams/protocol/internal';
import type { Answer } from './http/routes.ts';

/** This file's folder is one level below the package, `src` and `dist` alike. */
const DIRECTORY = new URL('../dist/portal/', import.meta.url);
const PATH = /^\/portal(?:\/([^?]*))?(?:\?|$)/;
const START_PAGE = 'index.html';
const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};
/** The page runs its own files and nothing else, talks to its own hub and to nobody else, and stands in no frame. */
const HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; '),
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()',
  // Kept, but asked for each time: a hub that was replaced brings its own portal.
  'Cache-Control': 'no-cache',
  Vary: 'Accept-Encoding',
};

/** One file in one encoding. */
interface Representation {
  readonly bytes: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

type Files = ReadonlyMap<string, { readonly plain: Representation; readonly zipped: Representation }>;

/** See the top of this file. */
export class Portal {
  #files: Promise<Files> | undefined;

  /** True for a path of the portal's, whatever comes of it. */
  handles(target: string): boolean {
    return PATH.test(target);
  }

  /** @throws `STREAMS_NOT_FOUND` */
  async answer({ method, url = '', headers }: Pick<IncomingMessage, 'method' | 'url' | 'headers'>): Promise<Answer> {
    const name = PATH.exec(url)?.[1] || START_PAGE;
    if (method !== 'GET' && method !== 'HEAD') throw createError('NOT_FOUND', { message: 'the portal answers GET and HEAD alone' });
    const file = (await this.#load()).get(name);
    if (file === undefined) throw createError('NOT_FOUND', { message: 'the portal has no such file' });
    const { bytes, headers: own } = acceptsGzip(headers) ? file.zipped : file.plain;
    if (knows(headers, own['ETag'] ?? '')) return { status: 304, send: (response) => void response.writeHead(304, own).end() };
    const all = { ...own, 'Content-Length': bytes.length };
    return { status: 200, send: (response) => void response.writeHead(200, all).end(bytes) };
  }

  #load(): Promise<Files> {
    this.#files ??= readFiles().catch((cause: unknown) => {
      this.#files = undefined;
      throw createError('NOT_FOUND', { message: 'this build of the hub has no portal', cause });
    });
    return this.#files;
  }
}

async function readFiles(): Promise<Files> {
  const names = (await readdir(DIRECTORY)).filter((name) => extname(name) in CONTENT_TYPES);
  return new Map(await Promise.all(names.map(readOne)));
}

async function readOne(name: string): Promise<[string, { plain: Representation; zipped: Representation }]> {
  const bytes = await readFile(new URL(name, DIRECTORY));
  const hash = createHash('sha256').update(bytes).digest('base64url').slice(0, 22);
  const headers = { ...HEADERS, 'Content-Type': CONTENT_TYPES[extname(name)] ?? '' };
  return [
    name,
    {
      plain: { bytes, headers: { ...headers, ETag: `"${hash}"` } },
      zipped: {
        bytes: await promisify(gzip)(bytes, { level: 9 }),
        headers: { ...headers, 'Content-Encoding': 'gzip', ETag: `"${hash}.gz"` },
      },
    },
  ];
}

function acceptsGzip(headers: IncomingMessage['headers']): boolean {
  return /(?:^|[\s,])gzip(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))/i.test(String(headers['accept-encoding'] ?? ''));
}

/** True if the browser has this very version. A proxy that compresses makes the tag a weak one. */
function knows(headers: IncomingMessage['headers'], tag: string): boolean {
  const tags = headers['if-none-match']?.split(',') ?? [];
  return tags.some((text) => text.trim().replace(/^W\//, '') === tag);
}
