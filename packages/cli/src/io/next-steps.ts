// What a hub says once it is ready: one line to type for a device, one for a service, and where its portal is.
import { join } from 'node:path';
import { defaultDataDirectory, OWNER } from './data-directory.ts';

/** What the lines are made of. */
export interface Started {
  readonly url: string;
  readonly dataDirectory: string;
  /** Of the service policy, a secret; `undefined`: the lines are not wanted. */
  readonly serviceString: string | undefined;
}

export function nextSteps({ url, dataDirectory, serviceString }: Started): string {
  const ready = `the hub is ready: ${url}, data in ${dataDirectory}`;
  if (serviceString === undefined) return ready;
  const data = dataDirectory === defaultDataDirectory() ? '' : ` --data ${quoted(dataDirectory)}`;
  return [
    ready,
    `device:   STREAMS_CONNECTION_STRING="$(streams devices create pump-7${data})" streams device echo`,
    `service:  STREAMS_CONNECTION_STRING=${quoted(serviceString)} streams echo pump-7`,
    `portal:   ${url}/portal, as ${OWNER} with a key from ${join(dataDirectory, 'policies.json')}`,
  ].join('\n');
}

/** For a shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
