// `ssh` with a stand-in for OpenSSH that runs the ProxyCommand as OpenSSH does: what it is called with, and how it ends. The real one: system/.
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DeviceClient } from '@streams/device';
import { startTestHub } from '@streams/hub/testing';
import { leakCheck } from '@streams/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Home } from '../support/command.ts';

/** With all that a shell, ssh and its configuration would see something in. */
const DEVICE = "-a%h$(id)'*@b";
const SECRET = /SharedAccessKey=([^;]+)/;
const leaks = leakCheck();
let home: Home;
let hub: Awaited<ReturnType<typeof startTestHub>>;
let device: DeviceClient;
let serviceString: string;
let environment: { PATH: string };

/** `%%` is ssh's own quoting, `exec` by the user's shell how it runs the command. */
const STAND_IN = `#!/bin/sh
printf '%s\\n' "$@" > "$HOME/args"
for arg; do case $arg in ProxyCommand=*) command=$(printf %s "\${arg#ProxyCommand=}" | sed 's/%%/%/g') ;; esac; done
echo hello | sh -c "exec $command" || exit
case "$*" in *killed*) kill -TERM $$ ;; esac
exit 7
`;

beforeAll(async () => {
  home = await Home.make();
  const programs = join(home.directory, 'programs');
  await mkdir(programs);
  await writeFile(join(programs, 'ssh'), STAND_IN);
  await chmod(join(programs, 'ssh'), 0o755);
  environment = { PATH: `${programs}:/usr/bin:/bin` };
  hub = await startTestHub();
  serviceString = await hub.serviceConnectionString();
  device = DeviceClient.fromConnectionString(await hub.deviceConnectionString(DEVICE));
  device.onStreamRequest(async (request) => {
    if (request.name !== 'ssh') return request.reject('no such service here');
    const stream = await request.accept();
    stream.pipe(stream);
  });
  await device.connect();
});
afterAll(async () => {
  await device.close();
  await hub.close();
  await home.remove();
  await leaks.settled();
});

it('calls ssh with a command for the stream, a name of its own for the host key, and no secret', async () => {
  const file = join(home.directory, "a 'string' of 100%h");
  await writeFile(file, serviceString);
  const args = ['ssh', '--connection-string-file', file, '--', DEVICE, '-l', 'ada', 'uptime'];
  expect(await home.run(args, undefined, '', environment)).toEqual({ code: 7, stdout: 'hello\n', stderr: '' });
  const given = await readFile(join(home.directory, 'args'), 'utf8');
  expect(given).not.toContain(SECRET.exec(serviceString)?.[1]);
  const host = '+2da+25h+24+28id+29+27+2a+40b';
  expect(given.trim().split('\n').slice(2)).toEqual(['-o', `HostKeyAlias=${host}`, host, '-l', 'ada', 'uptime']);
});

it('passes the environment, and how ssh ended', async () => {
  const [killed, rejected] = await Promise.all([
    home.run(['ssh', '--', DEVICE, 'killed'], serviceString, '', environment),
    home.run(['ssh', '--service', 'web', '--', DEVICE], serviceString, '', environment),
  ]);
  expect(killed).toMatchObject({ code: 128 + 15, stdout: 'hello\n' });
  expect(rejected).toMatchObject({ code: 69, stderr: expect.stringMatching(/^streams: STREAMS_STREAM_REJECTED: .*no such service here/) });
});

it('says what is missing: ssh, or a connection string', async () => {
  const [ssh, credential] = await Promise.all([
    home.run(['ssh', 'pump-7'], serviceString, '', { PATH: join(home.directory, 'nothing') }),
    home.run(['ssh', 'pump-7'], undefined, '', environment),
  ]);
  expect(ssh).toMatchObject({ code: 70, stderr: expect.stringMatching(/^streams: .*no program ssh .*apt-get install openssh-client`\n$/) });
  expect(credential).toMatchObject({ code: 64, stderr: expect.stringMatching(/^streams: .*no connection string: .*\n$/) });
});
