// k6/websockets: several sockets on the event loop of one VU.
import { WebSocket } from 'k6/websockets';
import { check } from 'k6';
import { Trend } from 'k6/metrics';

const roundTrip = new Trend('round_trip', true);
const url = `${__ENV.URL.replace('http', 'ws')}/ws`;

export const options = {
  vus: 2,
  iterations: 4,
  thresholds: {
    checks: ['rate==1'],
    ws_sessions: ['count==8'],
    ws_msgs_sent: ['count==32'], // with the closing ones,
    ws_msgs_received: ['count==24'],
    'ws_sessions{guest:1}': ['count==4'],
    round_trip: ['max<20000'],
  },
};

export default function () {
  for (let guest = 0; guest < 2; guest++) {
    dine(guest);
  }
}

function dine(guest) {
  const socket = new WebSocket(url, null, { tags: { guest: String(guest) } });
  const orders = ['water', 'pizza', 'coffee'];
  let sent;
  const next = () => {
    sent = Date.now();
    socket.send(orders.shift());
  };
  socket.binaryType = 'arraybuffer';
  socket.addEventListener('open', () => {
    check(socket, { 'it is open': (s) => s.readyState === 1 && s.url === url });
    next();
  });
  socket.onmessage = (event) => {
    roundTrip.add(Date.now() - sent);
    check(event, { 'what comes is what went': (e) => ['water', 'pizza', 'coffee'].includes(e.data) });
    orders.length ? next() : socket.close(1000);
  };
  socket.onclose = () => check(socket, { 'it is closed': (s) => s.readyState === 3 || s.readyState === 2 });
  socket.onerror = (event) => console.error('socket', event.error);
}
