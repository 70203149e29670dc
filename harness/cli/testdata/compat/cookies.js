// Cookies of a request, of a jar of one's own, and of the VU's jar, which every iteration begins anew.
import http from 'k6/http';
import { check } from 'k6';

const base = __ENV.URL;
const sent = (res) => res.json('cookies');

export const options = {
  vus: 1,
  iterations: 3,
  noCookiesReset: __ENV.KEEP === '1',
  thresholds: { checks: ['rate==1'], http_reqs: ['count==24'] },
};

export default function () {
  const kept = __ENV.KEEP === '1' && __ITER > 0;
  check(http.get(`${base}/cookies`), { 'the jar is as it should be': (r) => ('seat' in sent(r)) === kept });
  const res = http.get(`${base}/cookies/set?seat=window`); // it redirects to the list
  check(res, { 'a cookie is taken over': (r) => sent(r).seat === 'window' });

  check(http.get(`${base}/cookies`, { cookies: { seat: { value: 'door', replace: true }, wine: 'red' } }), {
    'a request has its own': (r) => sent(r).seat === 'door' && sent(r).wine === 'red',
  });

  const jar = http.cookieJar();
  jar.set(base, 'guest', 'anna', { path: '/cookies', max_age: 600 });
  check(http.get(`${base}/cookies`), { 'the jar is sent': (r) => sent(r).guest === 'anna' && sent(r).seat === 'window' });
  check(jar.cookiesForURL(`${base}/cookies`), { 'the jar can be read': (c) => c.guest[0] === 'anna' });
  jar.delete(base, 'seat');
  check(http.get(`${base}/cookies`), { 'a cookie is deleted': (r) => !('seat' in sent(r)) });
  jar.set(base, 'seat', 'bar');

  const other = new http.CookieJar();
  other.set(base, 'guest', 'bruno');
  check(http.get(`${base}/cookies`, { jar: other }), { 'another jar takes its place': (r) => sent(r).guest === 'bruno' && !('seat' in sent(r)) });
  check(http.get(`${base}/cookies/set?a=1`, { redirects: 0 }), { 'cookies of the response': (r) => r.cookies.a[0].value === '1' });
}
