// A summary of the script's own, answers whose bodies are thrown away, and a minimum of time per iteration.
import http from 'k6/http';
import { check } from 'k6';

const bad = __ENV.BAD === '1';

export const options = {
  iterations: 2,
  discardResponseBodies: true,
  minIterationDuration: '60ms',
  noConnectionReuse: true,
  userAgent: 'reader/1.0',
  summaryTrendStats: ['avg', 'p(99)'],
  thresholds: {
    checks: ['rate==1'],
    iterations: ['count==2'],
    data_received: [bad ? 'count<10' : 'count>200'],
    data_sent: ['count>100'],
  },
};

export default function () {
  const thrown = http.get(`${__ENV.URL}/books`);
  const kept = http.get(`${__ENV.URL}/agent`, { responseType: 'text' });
  check(thrown, { 'no body': (r) => r.body === null && r.status === 200 });
  check(kept, { 'a body': (r) => r.body === 'reader/1.0' });
}

export function handleSummary(data) {
  return { stdout: `summary: ${data.metrics.iterations.values.count}\n` };
}
