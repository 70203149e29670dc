// brunt's own executor beside outputs of k6's.
import http from 'k6/http';
import { check } from 'k6';
import { Counter, Gauge, Rate, Trend } from 'k6/metrics';

const sold = new Counter('sold');
const oven = new Gauge('oven');
const burnt = new Rate('burnt');
const waited = new Trend('waited');

export const options = {
  scenarios: { s: { executor: 'brunt-arrival', rate: 40, duration: '1s', maxVUs: 10 } },
  thresholds: { iterations: ['count==40'], checks: ['rate==1'], dropped_iterations: ['count==0'] },
};

export default function () {
  check(http.get(`${__ENV.URL}/pizzas`), { 'it is there': (r) => r.status === 200 });
  http.get(`${__ENV.URL}/status/404`);
  sold.add(2);
  oven.add(200 + __ITER);
  burnt.add(__ITER % 2);
  waited.add(__ITER - 3);
}
