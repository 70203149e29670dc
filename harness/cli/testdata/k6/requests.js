// Requests that fail, by status, by timeout and by a port where nobody listens, and what the script expects of them.
import http from 'k6/http';
import { check } from 'k6';

const bad = __ENV.BAD === '1';

http.setResponseCallback(http.expectedStatuses({ min: 200, max: 399 }, bad ? 0 : 404));

export const options = {
  iterations: 4,
  thresholds: {
    'http_req_failed{name:missing}': ['rate<0.01'],
    'http_req_failed{name:broken}': ['rate>0.99'],
    'http_req_failed{name:timeout}': ['rate>0.99'],
    'http_reqs{error_code:1212}': ['count==4'],
    'http_reqs{name:headers,status:201}': ['count==4'],
    checks: ['rate==1'],
  },
};

export default function () {
  const named = (name, more) => ({ tags: { name }, ...more });
  http.get(`${__ENV.URL}/missing`, named('missing'));
  http.get(`${__ENV.URL}/broken`, named('broken'));
  const late = http.get(`${__ENV.URL}/stuck`, named('timeout', { timeout: '150ms' }));
  const nobody = http.get('http://127.0.0.1:1/', named('nobody'));
  const made = http.request('POST', `${__ENV.URL}/books`, JSON.stringify({ title: 'Emma' }),
    named('headers', { headers: { 'Content-Type': 'application/json' } }));
  check(late, { 'timed out': (r) => r.error_code === 1050 });
  check(nobody, { 'refused': (r) => r.status === 0 && r.error_code === 1212 });
  check(made, { 'made': (r) => r.json('title') === 'Emma' });
}
