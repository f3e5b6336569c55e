// `streams policies`: create, list, show, update, rotate the keys of, and delete shared access policies.
import type { Command } from 'commander';
import { createError, StreamsError } from '@streams/protocol/internal';
import type { DeviceKey, Policy, ServiceClient } from '@streams/service';
import { type CredentialOptions, withService } from '../io/credentials.ts';
import { keyOption, managing } from '../io/managing.ts';
import { type OutputOptions, printData, table, tellPerson } from '../io/output.ts';
import { type PolicyLimits, settingsOf, withLimits } from '../io/policy-options.ts';

type Options = CredentialOptions & OutputOptions;
type LimitOptions = Options & PolicyLimits;

export function policiesCommand(): Command {
  const argument = { name: '<name>', description: 'policy name', example: 'field' };
  const { command, add, addOther } = managing('policies', 'manage the shared access policies of a hub: what services may do', argument);
  const limits = ' --permission stream:create --device "pump-*" --stream ssh';
  withLimits(add('create', 'create a policy, and print the connection string that is all a service needs', limits)).action(create);
  addOther('list', 'list the policies').action(list);
  add('show', 'show a policy').action((name: string, options: Options) => print(options, (service) => service.policies.get(name)));
  withLimits(
    add('update', 'change what a policy permits; what is not given stays. What it no longer permits ends within a second', ' --stream "*"'),
  ).action((name: string, options: LimitOptions) => print(options, (service) => service.policies.update(name, settingsOf(options))));
  add('rotate-key', 'make a new key in the place of one of the two, and print the connection string with it')
    .addOption(keyOption())
    .addHelpText('after', ROTATE_HELP)
    .action(rotate);
  add('delete', 'delete a policy; its streams end').action(remove);
  return command;
}

const ROTATE_HELP = `
What stands on the old key ends within a second, all else goes on. Without a gap:
  1. rotate-key field                  the services go on with the primary key
  2. give each service the string that was printed
  3. rotate-key field --key primary    the old key is gone, and with it the streams of who still uses it
The next time it is the other way round.`;

async function create(name: string, options: LimitOptions): Promise<void> {
  const [policy, existed, connectionString] = await withService(options, async (service) => {
    const known = await find(service, name);
    return [
      known ? unchanged(known, options) : await make(service, name, options),
      known !== undefined,
      await service.policies.connectionString(name),
    ] as const;
  });
  if (existed) tellPerson(`${name} exists already; this is its connection string:`);
  printData(options, { ...describe(policy), created: !existed, connectionString }, () => connectionString);
  tellPerson('It is a secret. For the service: put it into STREAMS_CONNECTION_STRING.');
}

async function make(service: ServiceClient, name: string, options: LimitOptions): Promise<Policy> {
  const { permissions, ...others } = settingsOf(options);
  if (permissions) return service.policies.create(name, { permissions, ...others });
  throw createError('INVALID_ARGUMENT', {
    message: '--permission is missing: a policy permits something',
    details: { field: 'permission' },
  });
}

/** A script may run twice; but a policy is not what somebody has just asked for because it has the same name. */
function unchanged(known: Policy, options: LimitOptions): Policy {
  const { permissions, devices, streams, expiresAt } = settingsOf(options);
  const wanted = [permissions, devices ?? undefined, streams ?? undefined, expiresAt ?? undefined].map(comparable);
  const found = [known.permissions, known.devices, known.streams, known.expiresAt].map(comparable);
  if (wanted.join(' ') === found.join(' ')) return known;
  const remedy = `\`streams policies show ${known.name}\` shows what it permits, \`streams policies update\` changes it`;
  throw createError('CONFLICT', { message: `the policy ${known.name} exists already, and permits something else`, details: { remedy } });
}

function comparable(value: string | readonly string[] | undefined): string {
  return JSON.stringify([value ?? []].flat().toSorted());
}

async function find(service: ServiceClient, name: string): Promise<Policy | undefined> {
  try {
    return await service.policies.get(name);
  } catch (error) {
    if (StreamsError.is(error) && error.code === 'STREAMS_POLICY_NOT_FOUND') return undefined;
    throw error;
  }
}

async function list(options: Options): Promise<void> {
  const policies = await withService(options, async (service) => {
    const all: Policy[] = [];
    for await (const policy of service.policies.list()) all.push(describe(policy));
    return all;
  });
  printData(options, policies, () => tableOf(policies));
}

async function print(options: Options, work: Parameters<typeof withService<Policy>>[1]): Promise<void> {
  const policy = describe(await withService(options, work));
  printData(options, policy, () => tableOf([policy]));
}

function tableOf(policies: readonly Policy[]): string {
  return table([['POLICY', 'PERMISSIONS', 'DEVICES', 'STREAMS', 'EXPIRES'], ...policies.map(row)]);
}

function row({ name, permissions, devices = ['*'], streams = ['*'], expiresAt = 'never' }: Policy): string[] {
  return [name, permissions.join(' '), devices.join(' '), streams.join(' '), expiresAt];
}

async function rotate(name: string, options: Options & { readonly key: DeviceKey }): Promise<void> {
  const [policy, connectionString] = await withService(options, async (service) => {
    return [await service.policies.rotateKey(name, options.key), await service.policies.connectionString(name, options.key)] as const;
  });
  printData(options, { ...describe(policy), key: options.key, connectionString }, () => connectionString);
}

async function remove(name: string, options: Options): Promise<void> {
  await withService(options, (service) => service.policies.delete(name));
  printData(options, { name, deleted: true }, () => `${name} is deleted`);
}

/** A policy without its keys: they are printed as a connection string, or not at all. */
function describe({ keys: _keys, ...policy }: Policy): Policy {
  return policy;
}
