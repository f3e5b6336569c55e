// The hub's process: a hub with the bench's certificate and as many devices as wanted; tells how to reach it.
import { readFileSync } from 'node:fs';
import { createHub } from '@streams/hub';
import { answerUsage } from './probe.ts';

/** What the process tells once it listens. */
export interface HubReady {
  /** Of the device `bench-0`. */
  readonly device: string;
  readonly service: string;
  /** `https://127.0.0.1:…` */
  readonly url: string;
}

const [keyFile = '', certFile = '', devices = '1'] = process.argv.slice(2);
const [key, cert] = [readFileSync(keyFile, 'utf8'), readFileSync(certFile, 'utf8')];
const deviceKey = Buffer.alloc(32, 2).toString('base64');
const hub = createHub({
  hostNames: ['127.0.0.1'],
  tls: { key, cert, ca: cert },
  policies: [{ name: 'bench', keys: [Buffer.alloc(32, 1).toString('base64')], permissions: ['stream:create'] }],
  logger: false,
});
const { url } = await hub.listen({ host: '127.0.0.1', port: 0 });
// All with the same keys, so that one string stands for all.
for (let index = 0; index < Number(devices); index += 1) await hub.putDevice(`bench-${index}`, { keys: [deviceKey, deviceKey] });
const ready: HubReady = {
  device: await hub.connectionString({ deviceId: 'bench-0' }),
  service: await hub.connectionString({ policy: 'bench' }),
  url,
};
answerUsage();
process.send?.(ready);
