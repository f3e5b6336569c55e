// The tables of docs/configuration.md are those of the schema. After a change: `npx vitest run test/docs-configuration.test.ts -u`.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { settingsTables, type ShownSetting } from '../scripts/settings-table.ts';

interface Setting extends Omit<ShownSetting, 'takes' | 'variable' | 'flag' | 'isReloaded'> {
  readonly path: readonly string[] | undefined;
  readonly takes: readonly unknown[];
}

/** What the sources say, as far as it is looked at. */
interface Sources {
  readonly SETTINGS: readonly Setting[];
  readonly FLAGS: readonly { readonly flag: string; readonly path: readonly string[] }[];
  readonly expectationOf: (takes: readonly unknown[]) => string;
  readonly variableOf: (path: readonly string[]) => string;
  readonly isReloaded: (name: string) => boolean;
}

const PAGE = fileURLToPath(new URL('../docs/configuration.md', import.meta.url));
const MARK = '<!-- From here on the page is made from the schema: test/docs-configuration.test.ts -->';
const FILES = ['hub/src/config/settings', 'hub/src/config/catalog', 'hub/src/config/reload', 'cli/src/io/hub-flags'];

it('docs/configuration.md has each setting', async () => {
  // From here the packages cannot be imported by name.
  const modules = await Promise.all(
    FILES.map((file) => import(new URL(`../packages/${file}.ts`, import.meta.url).href) as Promise<object>),
  );
  const { SETTINGS, FLAGS, expectationOf, variableOf, isReloaded } = Object.assign({}, ...modules) as Sources;
  const shown = SETTINGS.map(({ path, takes, ...setting }): ShownSetting => {
    const hasValue = takes.length > 0;
    return {
      ...setting,
      takes: hasValue ? expectationOf(takes) : '',
      variable: path && hasValue ? variableOf(path) : undefined,
      flag: FLAGS.find((flag) => flag.path.join('.') === path?.join('.'))?.flag,
      isReloaded: isReloaded(setting.name),
    };
  });
  const [written = ''] = readFileSync(PAGE, 'utf8').split(MARK);
  await expect(`${written}${MARK}\n\n${settingsTables(shown)}\n`).toMatchFileSnapshot(PAGE);
});
