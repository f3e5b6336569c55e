// The hub of the storm: its devices are on disk, so that another process with the same directory and port is the same hub.
import { createHub, openRegistry } from '@streams/hub';
import { answerUsage } from './probe.ts';
import { answerStalls } from './stalls.ts';

/** What the process tells once it listens. */
export interface StormHubReady {
  readonly service: string;
  readonly port: number;
}

const [dataDirectory = '', port = '0'] = process.argv.slice(2);
const registry = await openRegistry({ dataDirectory });
const hub = createHub({
  hostNames: ['127.0.0.1'],
  tls: { dataDirectory },
  policies: [{ name: 'bench', keys: [Buffer.alloc(32, 1).toString('base64')], permissions: ['stream:create'] }],
  registry,
  logger: false,
});
const listening = await hub.listen({ host: '127.0.0.1', port: Number(port) });
answerUsage();
answerStalls();
const ready: StormHubReady = {
  service: await hub.connectionString({ policy: 'bench' }),
  port: listening.port,
};
process.send?.(ready);
