// k6/ws: a socket with events, timers, a ping, and one that nobody answers.
import ws from 'k6/ws';
import { check } from 'k6';
import { Counter } from 'k6/metrics';

const heard = new Counter('heard');
const url = `${__ENV.URL.replace('http', 'ws')}/ws`;

export const options = {
  vus: 2,
  iterations: 4,
  thresholds: { checks: ['rate==1'], heard: ['count==12'], ws_sessions: ['count==8'], ws_msgs_sent: ['count==12'], ws_msgs_received: ['count==12'] },
};

export default function () {
  let pongs = 0;
  const res = ws.connect(url, { tags: { table: '7' }, headers: { 'X-Table': '7' } }, (socket) => {
    socket.on('open', () => {
      socket.send('one');
      socket.sendBinary(new Uint8Array([1, 2, 3]).buffer);
      socket.setTimeout(() => socket.send('two'), 20);
      socket.setInterval(() => socket.ping(), 15);
    });
    socket.on('message', (text) => {
      heard.add(1);
      if (text === 'two') {
        socket.setTimeout(() => socket.close(1000), 80);
      }
    });
    socket.on('binaryMessage', (bytes) => heard.add(bytes.byteLength === 3 ? 1 : 100));
    socket.on('pong', () => (pongs += 1));
    socket.on('error', (e) => console.error('socket', e.error()));
    socket.setTimeout(() => socket.close(), 10000);
  });
  check(res, { 'the protocol is switched': (r) => r && r.status === 101, 'pings are answered': () => pongs > 0 });
  check(ws.connect(url, (socket) => socket.close()), { 'a short one': (r) => r.status === 101 });
}
