// A summary of the script's own: on standard output, and in files beside where it was called.
import http from 'k6/http';
import { check, group } from 'k6';
import { Trend } from 'k6/metrics';

const weights = new Trend('weights');

export const options = {
  iterations: 4,
  summaryTrendStats: ['min', 'max', 'count', 'p(50)'],
  thresholds: { checks: ['rate==1'], http_reqs: ['count==4'], weights: [__ENV.BAD === '1' ? 'max<2' : 'max<9', 'min>=0'] },
};

export function setup() {
  return { opened: 'noon' };
}

export default function () {
  weights.add(__ITER);
  group('order', () => check(http.get(`${__ENV.URL}/pizzas`), { 'it is there': (r) => r.status === 200 }));
}

export function handleSummary(data) {
  console.log('thresholds are known', data.metrics.weights.thresholds['min>=0'].ok);
  return { stdout: `pizzas: ${data.metrics.http_reqs.values.count}\n`, stderr: 'the kitchen is closed\n', 'kitchen.json': JSON.stringify(data) };
}
