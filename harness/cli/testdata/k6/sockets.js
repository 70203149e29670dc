// WebSocket with k6/websockets: the browser's API, on the event loop.
import { WebSocket } from 'k6/websockets';
import { Trend } from 'k6/metrics';

const bad = __ENV.BAD === '1';
const length = new Trend('echo_length');

export const options = {
  vus: 1,
  iterations: 3,
  thresholds: {
    echo_length: [bad ? 'max<3' : 'max==5', 'min==3'],
    ws_msgs_received: ['count==6'],
    ws_sessions: ['count==3'],
  },
};

export default function () {
  const socket = new WebSocket(__ENV.URL.replace('http://', 'ws://') + '/ws');
  let seen = 0;
  socket.addEventListener('open', () => ['ada', 'grace'].forEach((name) => socket.send(name)));
  socket.addEventListener('message', (event) => {
    length.add(event.data.length);
    if (++seen === 2) {
      socket.close();
    }
  });
}
