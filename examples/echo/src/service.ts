// A service that sends a file (or its standard input) to a device and compares what comes back.
//   STREAMS_CONNECTION_STRING='HostName=…;SharedAccessKeyName=…;…' node dist/service.js echo-1 [file] [--name echo] [--timeout ms] [--resume preferred|required|off]
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { type CreateStreamOptions, ServiceClient, StreamsError } from '@streams/service';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { name: { type: 'string', default: 'echo' }, timeout: { type: 'string', default: '30000' }, resume: { type: 'string' } },
});
const [deviceId = 'echo-1', file] = positionals;
const service = ServiceClient.fromConnectionString(process.env['STREAMS_CONNECTION_STRING']);

try {
  const startMs = performance.now();
  const resume = values.resume as CreateStreamOptions['resume'];
  const stream = await service.createStream(deviceId, { name: values.name, timeoutMs: Number(values.timeout), resume });
  const openMs = performance.now();
  console.log(`handshake: ${(openMs - startMs).toFixed(1)} ms`);

  const sending = pipeline(file ? createReadStream(file) : process.stdin, stream);
  const hash = createHash('sha256');
  for await (const chunk of stream) {
    hash.update(chunk);
    if (stream.bytesRead % 2 ** 23 < chunk.length) console.log(`progress: ${stream.bytesRead >> 20} MiB`);
  }
  await sending;
  console.log(`echoed: ${stream.bytesRead} bytes, ${(stream.bytesRead / 1e3 / (performance.now() - openMs)).toFixed(0)} MB/s`);
  console.log(`sha256: ${hash.digest('hex')}`);
} catch (error) {
  if (!StreamsError.is(error)) throw error;
  console.error(`${error.code}: ${error.message}`);
  process.exitCode = 1;
}
process.stdin.destroy();
await service.close();
