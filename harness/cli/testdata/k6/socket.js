// WebSocket with k6/ws: handlers, one connection per iteration.
import ws from 'k6/ws';
import { check } from 'k6';
import { Counter } from 'k6/metrics';

const bad = __ENV.BAD === '1';
const echoes = new Counter('echoes');

export const options = {
  vus: 2,
  iterations: 6,
  thresholds: {
    echoes: [bad ? 'count>12' : 'count==12'],
    ws_sessions: ['count==6'],
    ws_msgs_sent: ['count==12'],
    ws_msgs_received: ['count==12'],
    ws_connecting: ['p(95)<20000'],
    ws_session_duration: ['avg<20000'],
    checks: ['rate==1'],
  },
};

export default function () {
  const url = __ENV.URL.replace('http://', 'ws://') + '/ws';
  let seen = 0;
  const res = ws.connect(url, { tags: { kind: 'chat' } }, (socket) => {
    socket.on('open', () => {
      socket.send('ada');
      socket.send('grace');
    });
    socket.on('message', () => {
      echoes.add(1);
      if (++seen === 2) {
        socket.close();
      }
    });
    socket.on('error', (e) => console.error(e.error()));
    socket.setTimeout(() => socket.close(), 20000);
  });
  check(res, { 'switched protocols': (r) => r && r.status === 101 });
}
