// Redirects are followed, each hop a request; or not, or not as far.
import http from 'k6/http';
import { check } from 'k6';

const bad = __ENV.BAD === '1';

export const options = {
  iterations: 2,
  maxRedirects: 5,
  thresholds: {
    http_reqs: [bad ? 'count<10' : 'count==16'],
    'http_reqs{status:302}': ['count==12'],
    checks: ['rate==1'],
    http_req_failed: ['rate==0'],
  },
};

export default function () {
  const followed = http.get(`${__ENV.URL}/hop/3`); // 4 requests
  const stayed = http.get(`${__ENV.URL}/hop/3`, { redirects: 0 });
  const tired = http.get(`${__ENV.URL}/hop/9`, { redirects: 1 }); // 2
  const direct = http.get(`${__ENV.URL}/hop/0`);
  check(followed, { 'arrived': (r) => r.status === 200 && r.url.endsWith('/hop/0') });
  check(stayed, { 'did not leave': (r) => r.status === 302 && r.headers.Location === '/hop/2' });
  check(tired, { 'gave up': (r) => r.status === 302 });
  check(direct, { 'was there': (r) => r.status === 200 });
}
