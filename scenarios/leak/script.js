// The load on the feed. Visits come and go: half of them as they should, with k6's own WebSockets, and half without a word, by
// a TCP reset or end. Beside them fifty sockets listen all the time, one each second falls silent for good (as a client whose
// network is gone), and something is published five times a second.
import http from 'k6/http';
import ws from 'k6/ws';
import exec from 'k6/execution';
import { check } from 'k6';
import brunt, { sockets } from 'k6/x/brunt';

const base = __ENV.BASE_URL;
const feed = base.replace(/^http/, 'ws') + '/ws';
const stay = 500; // ms that a visit lasts

const always = { executor: 'brunt-arrival', duration: '5m' };
// One iteration in the warm-up and one at t = 0, as long as the load. So all is as it will be when the load begins.
const once = Object.assign({ rate: 1, timeUnit: '1h', maxVUs: 2 }, always);
const warming = () => exec.scenario.iterationInTest === 0;

export const options = {
  scenarios: {
    visit: Object.assign({ exec: 'visit', rate: 20, maxVUs: 60 }, always),
    publish: Object.assign({ exec: 'publish', rate: 5, maxVUs: 20 }, always),
    listen: Object.assign({ exec: 'listen' }, once),
    fallSilent: Object.assign({ exec: 'fallSilent' }, once),
  },
};

export function visit() {
  const r = brunt.rand();
  if (r.chance(0.5)) {
    ws.connect(feed, {}, (socket) => socket.on('open', () => socket.setTimeout(() => socket.close(), stay)));
  } else {
    sockets.websocket(feed, { for: stay, end: r.pick(['reset', 'cut']) });
  }
}

export function publish() {
  const response = http.post(`${base}/publish`, JSON.stringify({ text: brunt.rand().text(200) }), {
    headers: { 'Content-Type': 'application/json' },
    tags: { name: 'POST /publish', endpoint: 'publish' },
  });
  check(response, { 'is published': (it) => it.status === 202 });
}

export function listen() {
  const span = warming() ? __ENV.WARMUP : __ENV.LENGTH;
  const seen = sockets.websocket(feed, { sockets: 50, for: span, reopen: true, tags: { who: 'listener' } });
  check(seen, {
    'fifty listened at a time': (it) => it.most === 50,
    'each heard something': (it) => it.messages > 50,
  });
}

// Those of the warm-up stay for as long again: fixed has to find out that they are gone.
export function fallSilent() {
  const [over, span] = warming() ? [__ENV.WARMUP, 2e3 * seconds(__ENV.WARMUP)] : [__ENV.LENGTH, __ENV.LENGTH];
  sockets.websocket(feed, { sockets: Math.ceil(seconds(over)), over, for: span, mute: true, tags: { who: 'silent' } });
}

// seconds reads a duration such as 1m15s.
function seconds(text) {
  const unit = { h: 3600, m: 60, s: 1, ms: 1e-3 };
  return Array.from(text.matchAll(/([\d.]+)(ms|[hms])/g)).reduce((sum, [, n, u]) => sum + n * unit[u], 0);
}
