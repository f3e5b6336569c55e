// `npm run tarballs`: the packages as npm would get them, in tarballs/ or the folder that is given; for `npm install -g ./tarballs/*.tgz`.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = resolve(process.argv[2] ?? join(root, 'tarballs'));

// pnpm packs: npm would leave `workspace:*` and the source condition in package.json.
const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const filters = ['--filter', './packages/*', '--filter', '!@streams/testkit'];
for (const name of existsSync(folder) ? readdirSync(folder) : []) if (name.endsWith('.tgz')) rmSync(join(folder, name));
const { status } = spawnSync('npx', ['-y', packageManager, '-r', ...filters, 'pack', '--pack-destination', folder], {
  cwd: root,
  stdio: ['ignore', 'ignore', 'inherit'],
  shell: process.platform === 'win32',
});
if (status === 0) console.log(`packed into ${folder}; install the command with: npm install -g ${folder}/*.tgz`);
process.exitCode = status ?? 1;
