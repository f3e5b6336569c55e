// The command line of ssh whose connection is a stream to a device.
import { resolve } from 'node:path';
import type { CredentialOptions } from './credentials.ts';

/** What ssh is to connect to. */
export interface SshTarget extends CredentialOptions {
  readonly device: string;
  readonly service: string;
  /** This very command: Node, and the file that it runs. */
  readonly self: readonly string[];
}

/** The arguments of ssh, without the user's own. The credential is not among them: it is in the environment, or in the file that is named. */
export function sshArguments(target: SshTarget): string[] {
  const { device, service, self, connectionStringFile, data, tokenFile, hub } = target;
  const files = [
    ...(connectionStringFile === undefined ? [] : ['--connection-string-file', resolve(connectionStringFile)]),
    ...(data === undefined ? [] : ['--data', resolve(data)]),
    ...(tokenFile === undefined ? [] : ['--token-file', resolve(tokenFile)]),
    ...(hub === undefined ? [] : ['--hub', hub]),
  ];
  const proxyCommand = [...self, 'connect', ...files, '--', device, service].map(quoted).join(' ');
  const host = hostOf(device);
  // Known hosts are known by the device's id.
  return ['-o', `ProxyCommand=${proxyCommand}`, '-o', `HostKeyAlias=${host}`, host];
}

/**
 * A device id as a host name. ssh takes most ids as they are; in others it would see a user, a pattern for all known hosts, or an option,
 * so their other characters are written as `+` and two hexadecimal digits, and `+` is in no id.
 */
function hostOf(device: string): string {
  return device.replaceAll(/^-|[^A-Za-z0-9._-]/g, (character) => `+${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

/** For the user's shell, to which ssh gives the command, after it has replaced what follows a `%`. */
function quoted(text: string): string {
  return `'${text.replaceAll('%', '%%').replaceAll("'", "'\\''")}'`;
}
