// Refuses `npm install` at the top: the workspace is installed by the pinned pnpm, through scripts/setup.mjs.
if (!(process.env['npm_config_user_agent'] ?? '').startsWith('pnpm/')) {
  console.error('This workspace is installed by pnpm. Run `npm test` or `npm run setup`: both fetch the pinned pnpm.');
  process.exit(1);
}
