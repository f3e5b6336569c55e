// Settings of the hub as tables in Markdown, for docs/configuration.md. Types are those of packages/hub/src/config/catalog.ts.

/** What is shown of a setting. */
export interface ShownSetting {
  readonly name: string;
  /** `a whole number from 1 to 10`; empty for a mere section. */
  readonly takes: string;
  readonly description: string;
  readonly default: unknown;
  readonly variable: string | undefined;
  readonly flag: string | undefined;
  readonly isReloaded: boolean;
}

/** A heading for each section, and a table of what is in it; what is in none comes first. */
export function settingsTables(settings: readonly ShownSetting[]): string {
  const isSection = ({ name }: ShownSetting): boolean => settings.some((other) => other.name.startsWith(`${name}.`));
  const sections = settings.filter((setting) => !setting.name.includes('.') && (isSection(setting) || isList(setting, settings)));
  const rest = settings.filter(({ name }) => !sections.some((section) => isIn(name, section.name)));
  const own = (section: ShownSetting): ShownSetting[] => settings.filter(({ name }) => isIn(name, section.name));
  const parts = sections.flatMap((section) => {
    const about = hasValue(section) ? [] : [section.description];
    return [`## \`${section.name}\``, ...about, table(own(section).filter(hasValue))];
  });
  return ['## General', table(rest), ...parts].join('\n\n');
}

function isList({ name }: ShownSetting, settings: readonly ShownSetting[]): boolean {
  return settings.some((other) => other.name.startsWith(`${name}[]`));
}

function isIn(name: string, section: string): boolean {
  return name === section || (/^(?:\.|\[\])/.test(name.slice(section.length)) && name.startsWith(section));
}

function hasValue({ takes }: ShownSetting): boolean {
  return takes !== '';
}

function table(settings: readonly ShownSetting[]): string {
  return [
    '| setting, variable, option | takes | default | on reload | meaning |',
    '| --- | --- | --- | --- | --- |',
    ...settings.map((setting) => `| ${cells(setting).join(' | ')} |`),
  ].join('\n');
}

function cells({ name, takes, description, default: fallback, variable, flag, isReloaded }: ShownSetting): string[] {
  const ways = [name, variable, flag].flatMap((way) => (way === undefined ? [] : [`\`${way}\``])).join('<br>');
  const [, meaning = description, said = '-'] = /^(.*?) ?Default: (.*)\.$/.exec(description) ?? [];
  const text = fallback === undefined ? said : typeof fallback === 'number' ? fallback.toLocaleString('en-US') : JSON.stringify(fallback);
  return [ways, takes, text, isReloaded ? 'yes' : 'no', meaning].map((cell) => cell.replaceAll('|', '\\|'));
}
