// `streams doctor`: from either end, what works on the way to the hub and to a device, and what to do about what does not.
import { Command } from 'commander';
import { createError } from '@streams/protocol/internal';
import { examine, type ExamineOptions, type NamedFinding } from '../doctor/examine.ts';
import { type CredentialOptions, withCredentials } from '../io/credentials.ts';
import { coloured, type OutputOptions, printLine } from '../io/output.ts';

const EXAMPLE = `
Looks with the connection string that the other commands would use, a device's or a service's, and disturbs nothing: the program
that runs on a device keeps its link. The exit code is 0 if nothing is amiss, else that of the first thing that is.

Examples:
  $ streams doctor
  $ streams doctor --device pump-7
  $ STREAMS_CONNECTION_STRING="$(cat /etc/streams/device)" streams doctor --json`;

type DoctorOptions = CredentialOptions & OutputOptions & Pick<ExamineOptions, 'device'>;

export function doctorCommand(): Command {
  return withCredentials(new Command('doctor'), 'either')
    .description('find out why something does not work, from the end where it is run')
    .option('--device <id>', 'for a service: look at this device too, and send 1 MiB through its echo')
    .option('--json', 'print JSON')
    .addHelpText('after', EXAMPLE)
    .action((options: DoctorOptions) => diagnose(options));
}

/** @throws the error whose exit code the first finding has that is not well. */
async function diagnose(options: DoctorOptions): Promise<void> {
  const findings: NamedFinding[] = [];
  for await (const finding of examine(options)) {
    findings.push(finding);
    if (!options.json) printLine(line(finding));
  }
  const amiss = findings.filter(({ outcome }) => outcome === 'failed' || outcome === 'warn');
  if (options.json) printLine(JSON.stringify({ ok: amiss.length === 0, checks: findings }));
  const [first] = amiss;
  if (first?.code === undefined) return;
  const message = `not well: ${amiss.map(({ name }) => name).join(', ')}`;
  throw createError(first.code, { message, details: { remedy: 'what to do stands in the line of each' } });
}

const SIGNS = {
  ok: (text: string) => coloured('green', text),
  warn: (text: string) => coloured('red', text),
  failed: (text: string) => coloured('red', text),
  skipped: (text: string) => coloured('dim', text),
};

function line({ name, outcome, text, remedy }: NamedFinding): string {
  return `${SIGNS[outcome](outcome.padEnd(7))}  ${name.padEnd(19)}  ${text}${remedy === undefined ? '' : `\n${' '.repeat(30)}-> ${remedy}`}`;
}
