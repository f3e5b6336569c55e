// One end of a stream that says nothing by itself: prints `open`, and how it ended. Arguments: device or service, device id.
import { DeviceClient } from '@streams/device';
import { ServiceClient } from '@streams/service';

const [role, deviceId] = process.argv.slice(2);
const connectionString = process.env.STREAMS_CONNECTION_STRING;

function tell(stream) {
  console.log('open');
  stream.resume().on('error', ({ code, by, closeCode }) => console.log(JSON.stringify({ code, by, closeCode })));
}

if (role === 'device') {
  const device = DeviceClient.fromConnectionString(connectionString);
  device.onStreamRequest(async (request) => tell(await request.accept()));
  device.on('state', ({ name }) => console.log(name));
  await device.connect();
} else {
  tell(await ServiceClient.fromConnectionString(connectionString).createStream(deviceId, { resume: 'off' }));
}
