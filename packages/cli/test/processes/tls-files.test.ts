// What is wrong with --tls-cert and --tls-key is said in these words. That they work is in system/tls-files.test.ts.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { certificateFor } from '@streams/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Home } from '../support/command.ts';

let home: Home;
beforeAll(async () => (home = await Home.make()));
afterAll(() => home.remove());

it('a certificate of one’s own: errors name the option and the file', async () => {
  const file = (name: string): string => join(home.directory, name);
  const { cert } = certificateFor('127.0.0.1');
  await Promise.all([writeFile(file('cert.pem'), cert), writeFile(file('key.pem'), certificateFor('127.0.0.1').key, { mode: 0o600 })]);
  const cases: [options: string[], says: string][] = [
    [['--tls-cert', file('cert.pem')], '--tls-cert: tls.keyFile: is missing; give --tls-key too'],
    [['--tls-key', file('key.pem')], '--tls-key: tls.certFile: is missing; give --tls-cert too'],
    [['--tls-cert', file('none.pem'), '--tls-key', file('key.pem')], `tls.certFile: ${file('none.pem')}: cannot be read (ENOENT)`],
    [['--tls-cert', file('cert.pem'), '--tls-key', file('none.pem')], `tls.keyFile: ${file('none.pem')}: cannot be read (ENOENT)`],
    [
      ['--tls-cert', file('cert.pem'), '--tls-key', file('key.pem')],
      `tls.keyFile: ${file('key.pem')}: the key does not belong to the certificate`,
    ],
  ];
  const ended = await Promise.all(
    cases.map(([options], index) =>
      home.run(['hub', 'start', '--port', '0', '--listen', '127.0.0.1', '--data', file(`data-${index}`), ...options]),
    ),
  );
  for (const [index, [, says]] of cases.entries()) {
    expect(ended[index]).toMatchObject({ code: 64, stdout: '', stderr: `streams: STREAMS_INVALID_ARGUMENT: ${says}\n` });
  }
});
