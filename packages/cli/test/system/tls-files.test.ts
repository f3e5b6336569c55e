// `hub start` with a certificate that openssl made under a CA of its own: nothing is pinned, and a new one is taken while streams go on.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'node:tls';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Home } from '../support/command.ts';

const OPENSSL = '/usr/bin/openssl';
const EC = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
let home: Home;
const file = (name: string): string => join(home.directory, name);

beforeEach(async () => {
  assert(existsSync(OPENSSL), `${OPENSSL} is missing: apt-get install openssl`);
  home = await Home.make();
  await openssl('req', '-x509', ...EC, '-days', '2', '-subj', '/CN=The Example CA', '-keyout', file('ca.key'), '-out', file('ca.pem'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await home.remove();
});

async function openssl(...args: string[]): Promise<void> {
  await promisify(execFile)(OPENSSL, args);
}

/** Signs a certificate for localhost, and puts it where the hub looks: as certbot does, by renaming. */
async function issue(serial: string): Promise<void> {
  await writeFile(file('names'), 'subjectAltName=DNS:localhost,IP:127.0.0.1\n');
  await openssl('req', '-new', ...EC, '-subj', '/CN=localhost', '-keyout', file('new.key'), '-out', file('new.csr'));
  const ca = ['-CA', file('ca.pem'), '-CAkey', file('ca.key'), '-set_serial', serial];
  await openssl('x509', '-req', '-in', file('new.csr'), ...ca, '-days', '1', '-extfile', file('names'), '-out', file('new.crt'));
  await rename(file('new.key'), file('hub.key'));
  await rename(file('new.crt'), file('hub.crt'));
}

async function serialAt(port: number): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const { serialNumber } = socket.getPeerCertificate();
  socket.destroy();
  return serialNumber;
}

it('serves clients that trust its CA by STREAMS_CA_FILE, and takes the next certificate within half a minute', async () => {
  await issue('0x1001');
  const files = ['--tls-cert', file('hub.crt'), '--tls-key', file('hub.key')];
  const hub = home.start(['hub', 'start', '--port', '0', '--listen', '127.0.0.1', '--host-name', 'localhost', '--json', ...files]);
  const { 0: line } = await hub.prints(/^\{.*\}\n/);
  const { port, serviceConnectionString } = JSON.parse(line) as { port: number; serviceConnectionString: string };
  expect(serviceConnectionString).toMatch(new RegExp(`^HostName=localhost:${port};SharedAccessKeyName=service;SharedAccessKey=[^;]+$`));

  const unknown = await home.run(['echo', 'pump-7'], serviceConnectionString);
  expect(unknown).toMatchObject({ code: 77, stderr: expect.stringContaining('"The Example CA") is not one that Node trusts') });

  vi.stubEnv('STREAMS_CA_FILE', file('ca.pem'));
  const { stdout } = await home.run(['devices', 'create', 'pump-7']);
  const deviceString = stdout.trim();
  expect(deviceString).not.toContain('CaCertificate');
  const device = home.start(['device', 'echo'], deviceString);
  await device.prints(/pump-7 is connected/);
  const doctor = await home.run(['doctor', '--device', 'pump-7'], serviceConnectionString);
  expect(doctor).toMatchObject({ code: 0, stdout: expect.stringContaining('signed by "The Example CA" for localhost, 127.0.0.1') });
  expect(doctor.stdout).toContain(`trusted by STREAMS_CA_FILE (${file('ca.pem')})`);

  expect(await serialAt(port)).toBe('1001');
  await issue('0x1002');
  for (const deadline = performance.now() + 30_000; (await serialAt(port)) !== '1002'; await sleep(200)) {
    assert(performance.now() < deadline, 'the hub still has its old certificate');
  }
  expect(await home.run(['echo', 'pump-7'], serviceConnectionString)).toMatchObject({ code: 0 });
  expect(device.stderr).toBe('');
}, 60_000);
