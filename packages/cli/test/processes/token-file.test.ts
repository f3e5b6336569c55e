// `--token-file`: what the hub is shown, and that the file is read again when its token is no longer good.
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { certificateFor } from '@streams/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { sshArguments } from '../../src/io/ssh-command.ts';
import { Home } from '../support/command.ts';

let home: Home;
beforeAll(async () => (home = await Home.make()));
afterAll(() => home.remove());

it('a token that is refused is read again', async () => {
  const [token, ca] = [join(home.directory, 'token'), join(home.directory, 'ca.pem')];
  const certificate = certificateFor('127.0.0.1');
  await Promise.all([writeFile(token, 'the.first.one\n'), writeFile(ca, certificate.cert)]);
  const shown: (string | undefined)[] = [];
  const server = createServer(certificate, (request, response) => {
    shown.push(request.headers.authorization);
    const [status, body] =
      shown.length === 1
        ? [401, { code: 'UNAUTHENTICATED', message: 'no', retryable: false, trackingId: 't' }]
        : [200, { hostName: 'hub.example', streamingEndpoints: [], version: '1' }];
    void writeFile(token, 'the.second.one\n').then(() => response.writeHead(status as number).end(JSON.stringify(body)));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const hub = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  // The option counts more than the environment.
  const ended = await home.run(['hub', 'show', '--token-file', token, '--hub', hub], 'HostName=no.example', '', { STREAMS_CA_FILE: ca });
  server.close();
  expect(ended).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining('"hub.example"') });
  expect(shown).toEqual(['Bearer the.first.one', 'Bearer the.second.one']);
});

it('ssh hands it on to `connect`', () => {
  const target = { device: 'pump-7', service: 'ssh', self: ['streams'], tokenFile: '/run/token', hub: 'hub.example:8443' };
  expect(sshArguments(target)[1]).toContain("'connect' '--token-file' '/run/token' '--hub' 'hub.example:8443' '--'");
});

it('what is missing is said, in ssh too', async () => {
  const cases = [
    [['hub', 'show', '--token-file', 'no'], '--token-file: give --hub HOST[:PORT] too'],
    [['hub', 'show', '--hub', 'hub.example'], '--hub: give --token-file too'],
    [['ssh', 'pump-7', '--token-file', 'no', '--hub', 'hub.example'], '--token-file: no cannot be read (ENOENT)'],
    [['hub', 'show', '--token-file', 'no', '--data', 'no'], "option '--token-file <file>' cannot be used with option '--data <dir>'"],
  ] as const;
  const ends = await Promise.all(cases.map(([args]) => home.run(args)));
  for (const [index, [, says]] of cases.entries()) expect(ends[index]).toMatchObject({ code: 64, stderr: expect.stringContaining(says) });
});
