// The names that stand on the wire, and the version of the package.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import {
  CONTROL_PROTOCOL,
  SESSION_PROTOCOL,
  DEFAULT_STREAM_NAME,
  STREAM_PROTOCOL,
  STREAM_PROTOCOLS,
  VERSION,
} from '../../src/wire/versions.ts';
import { isName } from '../../src/wire/names.ts';

it('protocols can be offered as WebSocket subprotocols', () => {
  // RFC 6455 section 4.1: a token of RFC 2616.
  for (const name of [CONTROL_PROTOCOL, SESSION_PROTOCOL, STREAM_PROTOCOL]) expect(name).toMatch(/^[a-z0-9.]+\.v\d+$/);
  // Whoever has something better takes it.
  expect(STREAM_PROTOCOLS).toEqual([SESSION_PROTOCOL, STREAM_PROTOCOL, 'raw']);
  expect(STREAM_PROTOCOLS).not.toContain(CONTROL_PROTOCOL);
});

it('the default stream name is one', () => expect(isName(DEFAULT_STREAM_NAME)).toBe(true));

it('the version is that of package.json', () => {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };
  expect(VERSION).toBe(manifest.version);
});
