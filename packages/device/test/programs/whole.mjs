// A hub, an ESM device and a CommonJS service in one process, from their builds: a stream, and errors of both copies of everything.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { buffer } from 'node:stream/consumers';
import * as device from '@streams/device';
import { startTestHub } from '@streams/hub/testing';
import * as service from '@streams/service';

const require = createRequire(import.meta.url);
const copies = { esmDevice: device, esmService: service, cjsDevice: require('@streams/device'), cjsService: require('@streams/service') };

/** All that the hub drew at random: keys and tokens. */
const secrets = [];
const random = {
  bytes(count) {
    const bytes = randomBytes(count);
    if (count >= 32) secrets.push(bytes.toString('base64'), bytes.toString('base64url'));
    return bytes;
  },
  uniform: Math.random,
};

const hub = await startTestHub({ random });
const connectionStrings = [await hub.deviceConnectionString('pump-7'), await hub.serviceConnectionString()];
const client = copies.esmDevice.DeviceClient.fromConnectionString(connectionStrings[0]);
const backend = copies.cjsService.ServiceClient.fromConnectionString(connectionStrings[1]);
client.onStreamRequest(async (request) => {
  if (request.name !== 'echo') return request.reject('not here');
  const stream = await request.accept();
  stream.pipe(stream);
});
await client.connect();

const payload = randomBytes(4 * 2 ** 20);
const stream = await backend.createStream('pump-7', { name: 'echo' });
stream.end(payload);
const intact = digest(await buffer(stream)) === digest(payload);

const errors = {};
for (const [name, { DeviceClient, ServiceClient }] of Object.entries(copies))
  errors[name] = thrownBy(() => (DeviceClient ?? ServiceClient).fromConnectionString('nonsense'));
const rejected = await backend.createStream('pump-7', { name: 'ssh' }).catch((error) => error);

/** Who knows whose errors: by `is()`, and by `instanceof`. */
const known = Object.entries(copies).map(([name, { StreamsError }]) => ({
  name,
  is: Object.values(errors).filter((error) => StreamsError.is(error)).length,
  instanceOf: Object.values(errors).filter((error) => error instanceof StreamsError).length,
}));
const kinds = [service.StreamRejectedError, copies.cjsService.StreamRejectedError, service.StreamTimeoutError].map((kind) =>
  kind.is(rejected),
);

await Promise.all([client.close(), backend.close()]);
await hub.close();
secrets.push(...connectionStrings.map((text) => /SharedAccessKey=([^;]+)/.exec(text)[1]));
let bufferutil = true;
try {
  require('bufferutil');
} catch {
  bufferutil = false;
}
console.log(JSON.stringify({ intact, known, kinds, bufferutil, secrets }));

function digest(bytes) {
  return createHash('sha256').update(bytes).digest('hex');
}

function thrownBy(action) {
  try {
    action();
  } catch (error) {
    return error;
  }
  return assert.fail('nothing was thrown');
}
