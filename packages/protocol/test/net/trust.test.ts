// Whom a client trusts: a pinned CA alone, a file of roots, or Node's own; what is no certificate is named.
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTrust, type TrustOptions } from '../../src/net/trust.ts';
import { createAuthority, createLeaf, type KeyPair } from '../support/certificates.ts';
import { errorOf } from '../support/errors.ts';
import { TlsServer } from '../support/tls-server.ts';

const BROKEN = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';

let [ours, theirs]: KeyPair[] = [];
let server: TlsServer;
let directory: string;
const files: Record<string, string> = {};

beforeAll(async () => {
  [ours, theirs] = await Promise.all([createAuthority('ours'), createAuthority('theirs')]);
  server = await TlsServer.listen(await createLeaf({ authority: pick(ours) }), () => undefined);
  directory = await mkdtemp(join(tmpdir(), 'streams-trust-'));
  const contents = {
    ours: pick(ours).cert,
    theirs: pick(theirs).cert,
    both: pick(theirs).cert + pick(ours).cert,
    empty: '',
    broken: BROKEN,
  };
  for (const [name, text] of Object.entries(contents)) {
    files[name] = join(directory, `${name}.pem`);
    await writeFile(files[name], text);
  }
});

afterAll(async () => {
  await server.close();
  await rm(directory, { recursive: true });
});

function pick<T>(value: T | undefined): T {
  if (value === undefined) throw new TypeError('not there yet');
  return value;
}

/** How a client with this trust finds the server: `trusted`, or OpenSSL's code. */
async function verdict(options: TrustOptions): Promise<string> {
  const socket = connect({ port: server.port, host: '127.0.0.1', secureContext: createTrust(options).context });
  try {
    await once(socket, 'secureConnect');
    return socket.authorized ? 'trusted' : 'not authorised';
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code);
  } finally {
    socket.destroy();
  }
}

describe('createTrust', () => {
  it('a pinned CA, as text or in a list', async () => {
    expect(await verdict({ ca: pick(ours).cert, env: {} })).toBe('trusted');
    expect(await verdict({ ca: [pick(theirs).cert, pick(ours).cert], env: {} })).toBe('trusted');
    expect(await verdict({ ca: pick(theirs).cert + pick(ours).cert, env: {} })).toBe('trusted');
  });

  it('alone', async () => {
    expect(await verdict({ ca: pick(theirs).cert, env: {} })).toMatch(/^UNABLE_TO_|SELF_SIGNED|CERT_SIGNATURE/);
    expect(await verdict({ env: {} })).toMatch(/^UNABLE_TO_|SELF_SIGNED/);
  });

  it('a file of roots', async () => {
    expect(await verdict({ env: { STREAMS_CA_FILE: files['ours'] } })).toBe('trusted');
    expect(await verdict({ env: { STREAMS_CA_FILE: files['both'] } })).toBe('trusted');
    expect(await verdict({ env: { STREAMS_CA_FILE: files['theirs'] } })).not.toBe('trusted');
  });

  it('what is pinned goes before the file', async () => {
    expect(await verdict({ ca: pick(theirs).cert, env: { STREAMS_CA_FILE: files['ours'] } })).not.toBe('trusted');
    expect(await verdict({ ca: pick(ours).cert, env: { STREAMS_CA_FILE: '/nowhere' } })).toBe('trusted');
  });

  it('an empty variable is none', async () => {
    expect(await verdict({ env: { STREAMS_CA_FILE: '' } })).not.toBe('trusted');
  });

  it('reads the variable of the process by default', async () => {
    const before = process.env['STREAMS_CA_FILE'];
    try {
      process.env['STREAMS_CA_FILE'] = files['ours'];
      expect(await verdict({})).toBe('trusted');
    } finally {
      if (before === undefined) delete process.env['STREAMS_CA_FILE'];
      else process.env['STREAMS_CA_FILE'] = before;
    }
  });
});

describe('clients that trust the same roots', () => {
  it('share what they know, however they name them', () => {
    const one = createTrust({ ca: pick(ours).cert, env: {} });
    expect(createTrust({ ca: [pick(ours).cert.replaceAll('\n', '\r\n')], env: {} })).toBe(one);
    const file = createTrust({ env: { STREAMS_CA_FILE: files['ours'] } });
    expect(createTrust({ env: { STREAMS_CA_FILE: files['ours'] } })).toBe(file);
  });

  it('and no others, since a session is as good as a certificate', async () => {
    const file = join(directory, 'changes.pem');
    await writeFile(file, pick(ours).cert);
    const before = createTrust({ env: { STREAMS_CA_FILE: file } });
    await writeFile(file, pick(theirs).cert);
    const trusts = [
      before,
      createTrust({ env: { STREAMS_CA_FILE: file } }),
      createTrust({ env: {} }),
      createTrust({ ca: pick(ours).cert, env: {} }),
      createTrust({ ca: pick(theirs).cert, env: {} }),
      createTrust({ ca: [pick(theirs).cert, pick(ours).cert], env: {} }),
    ];
    expect(new Set(trusts).size).toBe(trusts.length);
    expect(new Set(trusts.map(({ sessions }) => sessions)).size).toBe(trusts.length);
  });
});

describe('what is no certificate is named', () => {
  it.each<[what: string, ca: string | string[]]>([
    ['text', 'no certificate'],
    ['nothing, which must not stand for all of Node’s roots', ''],
    ['an empty list', []],
    ['a list of nothing', ['']],
    ['a broken certificate', BROKEN],
    ['base64 without its lines', 'TUlJQg=='],
  ])('ca: %s', (_what, ca) => {
    expect(errorOf(() => createTrust({ ca, env: {} }))).toMatchObject({ code: 'STREAMS_INVALID_ARGUMENT', details: { field: 'ca' } });
  });

  it.each([BROKEN, 'no certificate', ''])('ca: a certificate, and %j', (other) => {
    for (const ca of [
      [pick(ours).cert, other],
      [other, pick(ours).cert],
    ])
      expect(errorOf(() => createTrust({ ca, env: {} })).details).toEqual({ field: 'ca' });
  });

  it.each(['empty', 'broken'])('STREAMS_CA_FILE: a file that is %s', (name) => {
    const error = errorOf(() => createTrust({ env: { STREAMS_CA_FILE: files[name] } }));
    expect(error).toMatchObject({ code: 'STREAMS_INVALID_ARGUMENT', details: { field: 'STREAMS_CA_FILE' } });
    expect(error.message).toContain('STREAMS_CA_FILE');
  });

  it.each(['/nowhere/at/all.pem', tmpdir()])('STREAMS_CA_FILE: %s, which cannot be read', (path) => {
    const error = errorOf(() => createTrust({ env: { STREAMS_CA_FILE: path } }));
    expect(error).toMatchObject({ code: 'STREAMS_INVALID_ARGUMENT', details: { field: 'STREAMS_CA_FILE' } });
    expect(error.message).toContain(path);
    expect(error.cause).toBeInstanceOf(Error);
  });
});
