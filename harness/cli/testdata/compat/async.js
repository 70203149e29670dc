// Promises: requests at once, timers, and what is awaited in order.
import http from 'k6/http';
import { check } from 'k6';
import { setTimeout as later, clearTimeout, setInterval, clearInterval } from 'k6/timers';

export const options = { vus: 2, iterations: 4, thresholds: { checks: ['rate==1'], http_reqs: ['count==16'], iterations: ['count==4'] } };

const pause = (ms) => new Promise((resolve) => later(resolve, ms));

export default async function () {
  const base = __ENV.URL;
  const [one, two] = await Promise.all([http.asyncRequest('GET', `${base}/pizzas/1`), http.asyncRequest('GET', `${base}/pizzas/2`)]);
  check(null, { 'both are there': () => one.body === 'pizza 1' && two.body === 'pizza 2' });
  const fast = await Promise.race([http.asyncRequest('GET', `${base}/pizzas`), pause(400).then(() => ({}))]);
  check(fast, { 'the first one counts': (r) => r.status === 200 });
  const order = [];
  later(() => order.push('timer'), 5);
  const never = later(() => order.push('never'), 30);
  clearTimeout(never);
  let ticks = 0;
  await new Promise((resolve) => {
    const interval = setInterval(() => {
      ticks += 1;
      if (ticks === 3) {
        clearInterval(interval);
        resolve();
      }
    }, 4);
  });
  await pause(10);
  globalThis.setTimeout(() => order.push('last'), 1);
  await pause(15);
  check(order, { 'timers keep their order': (o) => o.join() === 'timer,last', 'an interval ticks': () => ticks === 3 });
  const res = await http.asyncRequest('POST', `${base}/echo`, 'dough').then((r) => r.json());
  check(res, { 'a promise of a promise': (r) => r.body === 'dough' && r.method === 'POST' });
}
