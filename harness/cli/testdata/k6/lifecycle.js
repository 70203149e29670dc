// setup makes data for the iterations and for teardown; k6 counts the requests of all three.
import http from 'k6/http';
import { check } from 'k6';

const bad = __ENV.BAD === '1';

export const options = {
  vus: 2,
  iterations: 6,
  thresholds: {
    http_reqs: [bad ? 'count==6' : 'count==8'],
    'http_reqs{from:setup}': ['count==1'],
    'http_req_failed{from:teardown}': ['rate==1'],
    checks: ['rate==1'],
    iterations: ['count==6'],
  },
};

export function setup() {
  const res = http.post(`${__ENV.URL}/login`, { user: 'ada' }, { tags: { from: 'setup' } });
  return { session: res.json('session') };
}

export default function (data) {
  const res = http.get(`${__ENV.URL}/me`, { cookies: { session: data.session } });
  check(res, { 'knows us': (r) => r.json('user') === 'ada' });
}

export function teardown(data) {
  http.get(`${__ENV.URL}/missing?${data.session}`, { tags: { from: 'teardown' } });
}
