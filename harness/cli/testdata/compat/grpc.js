// gRPC: a .proto file or the server's reflection, calls one by one and at once, and streams of all kinds.
import grpc from 'k6/net/grpc';
import encoding from 'k6/encoding';
import { check } from 'k6';

const reflect = __ENV.REFLECT === '1';
const client = new grpc.Client();
if (!reflect) {
  client.load(['lib'], 'orders.proto');
}

const service = 'grpc.testing.TestService';
const payload = (text) => ({ payload: { body: encoding.b64encode(text) } });
const textOf = (message) => encoding.b64decode(message.payload.body, 'std', 's');

export const options = {
  vus: 1,
  iterations: 2,
  thresholds: {
    checks: ['rate==1'],
    'grpc_req_duration{method:/grpc.testing.TestService/UnaryCall}': ['max<20000'],
    'grpc_req_duration{order:pizza}': ['max<20000'],
    grpc_streams: ['count==6'],
    grpc_streams_msgs_sent: ['count==14'],
    grpc_streams_msgs_received: ['count==14'],
  },
};

export default async function () {
  client.connect(__ENV.GRPC, { plaintext: true, reflect, timeout: '20s' });

  const res = client.invoke(`${service}/UnaryCall`, payload('pizza'), { metadata: { guest: 'anna' }, tags: { order: 'pizza' }, timeout: '20s' });
  check(res, { 'a call is answered': (r) => r.status === grpc.StatusOK && textOf(r.message) === 'pizza' && r.message.username === 'anna' });
  check(client.invoke(`${service}/UnimplementedCall`, {}), { 'a call is refused': (r) => r.status === grpc.StatusUnimplemented && r.error.message !== '' });
  const both = await Promise.all(['one', 'two'].map((text) => client.asyncInvoke(`${service}/UnaryCall`, payload(text))));
  check(both, { 'calls at once': (r) => r.map((one) => textOf(one.message)).join() === 'one,two' });

  const sizes = await converse('StreamingOutputCall', [{ responseParameters: [{ size: 3 }, { size: 5 }, { size: 7 }] }]);
  check(sizes, { 'the server streams': (m) => m.map((one) => textOf(one).length).join() === '3,5,7' });
  const sum = await converse('StreamingInputCall', ['flour', 'water', 'salt'].map(payload));
  check(sum, { 'the client streams': (m) => m.length === 1 && m[0].aggregatedPayloadSize === 14 });
  const words = await converse('FullDuplexCall', ['a', 'b', 'c'].map(payload));
  check(words, { 'both stream': (m) => m.map(textOf).join('') === 'abc' });
  client.close();
}

function converse(method, messages) {
  return new Promise((resolve, reject) => {
    const stream = new grpc.Stream(client, `${service}/${method}`, { tags: { kind: 'stream' } });
    const heard = [];
    stream.on('data', (message) => heard.push(message));
    stream.on('error', reject);
    stream.on('end', () => resolve(heard));
    messages.forEach((message) => stream.write(message));
    stream.end();
  });
}
