// Asks the web server of a device, and prints what it answers. No local port is opened.
//   STREAMS_CONNECTION_STRING='HostName=…;SharedAccessKeyName=…;…' node dist/get.js pump-7 /status /other
import { get } from 'node:http';
import { text } from 'node:stream/consumers';
import { ServiceClient } from '@streams/service';
import { StreamAgent } from './stream-agent.ts';

const [deviceId = 'pump-7', ...paths] = process.argv.slice(2);
const service = ServiceClient.fromConnectionString(process.env['STREAMS_CONNECTION_STRING']);
const agent = new StreamAgent(service, deviceId, 'web');
try {
  for (const path of paths) console.log(await ask(path));
} catch (error) {
  console.error(String(error));
  process.exitCode = 1;
}
agent.destroy();
await service.close();

/** Status and body. */
function ask(path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = get(new URL(path, `http://${deviceId}`), { agent }, (response) => {
      text(response).then((body) => resolve(`${response.statusCode} ${body}`), reject);
    });
    // Heard to the end: a stream may be cut in the middle of the body.
    request.on('error', reject);
  });
}
