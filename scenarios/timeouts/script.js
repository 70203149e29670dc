// The load on the edge: nine quotes and a payment out of ten iterations. Which it is depends on the run's seed and the number of
// the iteration alone. Meanwhile a single iteration holds half-open requests: heads of which a byte comes now and then.
import http from 'k6/http';
import exec from 'k6/execution';
import { check, sleep } from 'k6';
import brunt, { ledger, sockets } from 'k6/x/brunt';

const base = __ENV.BASE_URL;
const payments = ledger('payments');
const [warmup, slowAt, slowFor] = [__ENV.WARMUP, __ENV.SLOW_AT, __ENV.SLOW_FOR].map(seconds);

export const options = {
  scenarios: {
    shop: {
      executor: 'brunt-arrival',
      rate: 100,
      duration: '256s',
      maxVUs: 800, // requests under way at once; those that are due meanwhile wait, and their time counts from when they were due
    },
    // One iteration in the warm-up, which does nothing, and one at t = 0.
    slow: { executor: 'brunt-arrival', exec: 'slow', rate: 1, timeUnit: '1h', duration: '256s', maxVUs: 2 },
  },
};

export default function () {
  const tags = { under: underSlowloris() ? 'slowloris' : 'none' };
  if (brunt.rand().chance(0.9)) {
    const quote = http.get(`${base}/quote`, { tags: Object.assign({ name: 'GET /quote' }, tags) });
    check(quote, { 'there is a price': (it) => it.status === 200 && it.json('cents') > 0 });
    return;
  }
  const id = payments.next();
  const paid = http.post(`${base}/pay`, JSON.stringify({ id }), {
    headers: { 'Content-Type': 'application/json' },
    tags: Object.assign({ name: 'POST /pay' }, tags),
  });
  if (check(paid, { 'is paid': (it) => it.status === 201 })) {
    payments.acked(id);
  }
}

export function slow() {
  if (exec.scenario.iterationInTest === 0) {
    return;
  }
  sleep(slowAt);
  sockets.slowloris(`${base}/quote`, { sockets: 2000, over: __ENV.SLOW_OVER, for: __ENV.SLOW_FOR, every: __ENV.SLOW_EVERY });
}

function underSlowloris() {
  const t = exec.instance.currentTestRunDuration / 1e3 - warmup;
  return t >= slowAt && t < slowAt + slowFor;
}

// seconds reads a duration such as 1m15s.
function seconds(text) {
  const unit = { h: 3600, m: 60, s: 1, ms: 1e-3 };
  return Array.from(text.matchAll(/([\d.]+)(ms|[hms])/g)).reduce((sum, [, n, u]) => sum + n * unit[u], 0);
}
