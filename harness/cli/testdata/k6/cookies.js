// Cookies: set by the server, kept by the VU's jar, set by hand, and gone in the next iteration.
import http from 'k6/http';
import { check } from 'k6';

const bad = __ENV.BAD === '1';

export const options = {
  vus: 1,
  iterations: 3,
  noCookiesReset: bad,
  thresholds: { checks: ['rate==1'], 'http_reqs{status:401}': ['count==3'] },
};

export default function () {
  const before = http.get(`${__ENV.URL}/me`, { responseCallback: http.expectedStatuses(200, 401) });
  const login = http.post(`${__ENV.URL}/login`, { user: 'ada' });
  const jar = http.cookieJar();
  jar.set(__ENV.URL, 'theme', 'dark');
  const after = http.get(`${__ENV.URL}/me`);
  check(before, { 'nobody yet': (r) => r.status === 401 });
  check(login, { 'a cookie comes': (r) => r.cookies.session.length === 1 });
  check(after, {
    'now it knows us': (r) => r.status === 200,
    'what we set is sent': (r) => r.json('theme') === 'dark',
    'the jar holds both': () => Object.keys(jar.cookiesForURL(__ENV.URL)).length === 2,
  });
}
