// A hub as a process of its own, which does what its parent asks for, and ends with it.
// Argument: settings as JSON. Uses the build, as registry-writer.mjs.
import { createHub, openRegistry } from '../../dist/index.js';

const { dataDirectory, port, options } = JSON.parse(process.argv[2]);
const registry = await openRegistry({ dataDirectory });
const hub = createHub({
  hostNames: ['127.0.0.1'],
  tls: { dataDirectory },
  // The same with each start: nobody is to notice that it is another process.
  policies: [
    {
      name: 'test',
      keys: [Buffer.alloc(32, 1).toString('base64')],
      permissions: ['stream:create', 'device:read', 'device:write', 'hub:read', 'hub:write'],
    },
  ],
  registry,
  logger: false,
  ...options,
});
const asked = {
  policy: (policy) => hub.connectionString({ policy }),
  deviceId: async (deviceId) => {
    if (!(await registry.get(deviceId))) await hub.putDevice(deviceId);
    return hub.connectionString({ deviceId });
  },
  memory: () => {
    // What the first has found to be free is given back behind it.
    globalThis.gc();
    globalThis.gc();
    return process.memoryUsage();
  },
};
process.on('message', async ({ id, what, argument }) => process.send({ id, answer: await asked[what](argument) }));
process.once('SIGTERM', () => void hub.drain().then(() => process.exit(0)));
process.once('disconnect', () => process.exit());
process.send(await hub.listen({ host: '127.0.0.1', port }));
