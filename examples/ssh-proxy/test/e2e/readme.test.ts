// README.md of this example, typed into four terminals, with a real sshd and ssh. Only the ports are others.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Scratch } from '../../../../test/support/programs.ts';
import { putSshInto } from '../../../../test/support/ssh-of-test.ts';
import { type Sshd, startSshd } from '../../../../test/support/sshd.ts';
import { shellBlocks, Terminals } from '../../../../test/support/terminals.ts';

let scratch: Scratch;
let sshd: Sshd;
let terminals: Terminals;

beforeAll(async () => {
  scratch = await Scratch.make();
  sshd = await startSshd(scratch);
  const bin = scratch.file('bin');
  await putSshInto(bin, scratch.path);
  terminals = new Terminals({ PATH: `${bin}:${process.env['PATH']}` });
});
afterAll(async () => {
  await terminals.close();
  await sshd.stop();
  await scratch.remove();
});

it('leads to a shell on the device, and tells why when it does not', async () => {
  const [hub, device, service, ssh] = shellBlocks('examples/ssh-proxy/README.md');
  const files = { '/tmp/streams-ssh': scratch.file('hub') };
  await terminals.type(hub, { ...files, 'hub.js': 'hub.js --port 0' }).prints(/^listening on /m);
  const deviceTerminal = terminals.type(device, { ...files, '127.0.0.1:22': `127.0.0.1:${sshd.port}` });
  await deviceTerminal.prints(/^pump-7 is connected, and offers ssh at /m);
  const serviceTerminal = terminals.type(service, { ...files, ' 2222': ' 0' });
  const [, port = ''] = await serviceTerminal.prints(/^now: ssh -p (\d+) -o HostKeyAlias=pump-7 127\.0\.0\.1$/m);

  expect(await terminals.run(ssh, { '2222': port }, 'echo "at $SSH_CONNECTION"; exit 7\n')).toMatchObject({
    code: 7,
    stdout: expect.stringMatching(`^at 127\\.0\\.0\\.1 \\d+ 127\\.0\\.0\\.1 ${sshd.port}\n$`),
  });
  await deviceTerminal.prints(/^a stream to ssh has ended/m);
  await terminals.interrupt(deviceTerminal);
  expect(await terminals.run(ssh, { '2222': port })).toMatchObject({ code: 255 });
  await serviceTerminal.says(/^no connection to ssh of pump-7: the device is not connected to the hub$/m);
});
