// Asks the web server of a device, and prints what it answers. No local port is opened.
//   STREAMS_CONNECTION_STRING='HostName=…;SharedAccessKeyName=…;…' node dist/get.js pump-7 /status /other
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { ServiceClient } from '@streams/service';
import { StreamAgent } from './stream-agent.ts';

const [deviceId = 'pump-7', ...paths] = process.argv.slice(2);
const service = ServiceClient.fromConnectionString(process.env['STREAMS_CONNECTION_STRING']);
const agent = new StreamAgent(service, deviceId, 'web');
try {
  for (const path of paths) {
    const [response] = (await once(get(new URL(path, `http://${deviceId}`), { agent }), 'response')) as [IncomingMessage];
    console.log(response.statusCode, await text(response));
  }
} catch (error) {
  console.error(String(error));
  process.exitCode = 1;
}
agent.destroy();
await service.close();
