// Asynchronous iterations: promises, timers and asynchronous requests.
import http from 'k6/http';
import { check } from 'k6';
import { Counter } from 'k6/metrics';

const bad = __ENV.BAD || '';
const ticks = new Counter('ticks');

export const options = {
  vus: 2,
  iterations: 4,
  thresholds: { ticks: [bad === 'threshold' ? 'count>8' : 'count==8'], http_reqs: ['count==8'], checks: ['rate==1'] },
};

const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export default async function () {
  const both = await Promise.all([
    http.asyncRequest('GET', `${__ENV.URL}/books`),
    http.asyncRequest('GET', `${__ENV.URL}/books/1`),
  ]);
  check(both, { 'both came': (list) => list.every((r) => r.status === 200) });
  for (let i = 0; i < 2; i++) {
    await later(5);
    ticks.add(1);
  }
  if (bad === 'rejected') {
    await Promise.reject(new Error('nobody caught this'));
  }
}
