// The ten minutes of README.md, as its reader has them: its own commands, typed into shells with an empty home, up to a command that
// runs on the device over ssh, with a real sshd. Only the ports are others, since 22 and 8443 may be taken.
import { mkdir } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { run, Scratch } from '../../../../test/support/programs.ts';
import { putSshInto } from '../../../../test/support/ssh-of-test.ts';
import { type Sshd, startSshd } from '../../../../test/support/sshd.ts';
import { shellBlocks, Terminals } from '../../../../test/support/terminals.ts';

let scratch: Scratch;
let home: string;
let sshd: Sshd;
let terminals: Terminals;

beforeAll(async () => {
  scratch = await Scratch.make();
  sshd = await startSshd(scratch);
  home = scratch.file('home');
  await mkdir(home);
  const [bin, prefix] = [scratch.file('bin'), scratch.file('npm')];
  await putSshInto(bin, scratch.path);
  // What the machine's administrator has told npm of its network; another prefix hides that.
  const { stdout: cafile } = await run('npm', ['config', 'get', 'cafile']);
  const npm = { npm_config_prefix: prefix, npm_config_cafile: cafile.trim() };
  terminals = new Terminals({ HOME: home, PATH: `${bin}:${prefix}/bin:${process.env['PATH']}`, ...npm });
});
afterAll(async () => {
  await terminals.close();
  await sshd.stop();
  await scratch.remove();
});

it('from the tarballs to a shell on the device, with what README.md says and no more', { timeout: 120_000 }, async () => {
  const blocks = shellBlocks('README.md', 'SSH to a device in ten minutes');
  expect(blocks).toHaveLength(6);
  const [install, hubStart, create, deviceProxy, ssh, doctor] = blocks;

  const installed = await terminals.run(install);
  expect(installed, installed.stderr).toMatchObject({ code: 0 });
  const hub = terminals.type(hubStart, { 'hub start': 'hub start --port 0' });
  const [, serviceString = ''] = await hub.prints(/^service: .*STREAMS_CONNECTION_STRING=('[^']+') streams echo/m);
  const created = await terminals.run(create);
  expect(created).toMatchObject({ code: 0, stdout: expect.stringMatching(/^HostName=\S+;DeviceId=pump-7;\S+\n$/), stderr: '' });
  const line = { '<the line that was printed>': created.stdout.trim() };
  const device = terminals.type(deviceProxy, { ...line, '127.0.0.1:22': `127.0.0.1:${sshd.port}` });
  await device.prints(/^pump-7 is connected$/m);

  const login = await terminals.run(ssh, {}, 'echo "as $(id -un) at $SSH_CONNECTION"; exit 7\n');
  const text = new RegExp(`^as ${userInfo().username} at 127\\.0\\.0\\.1 \\d+ 127\\.0\\.0\\.1 ${sshd.port}\n$`);
  expect(login).toMatchObject({ code: 7, stdout: expect.stringMatching(text) });
  const desk = `export HOME=${home}/elsewhere STREAMS_CONNECTION_STRING=${serviceString}\n${ssh}`;
  expect(await terminals.run(desk, {}, 'echo from the desk\n')).toMatchObject({ code: 0, stdout: 'from the desk\n' });
  await device.says(/^a stream to ssh has ended .* clean=true/m);
  const examined = await terminals.run(doctor);
  expect(examined, examined.stdout).toMatchObject({ code: 0, stdout: expect.not.stringMatching(/^(?:failed|warn)/m), stderr: '' });

  await terminals.interrupt(device);
  const says = /^streams: STREAMS_DEVICE_NOT_CONNECTED: .*`streams device proxy`$/m;
  expect(await terminals.run(ssh)).toMatchObject({ code: 255, stderr: expect.stringMatching(says) });
});
