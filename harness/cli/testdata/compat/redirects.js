// Redirects: followed, counted, limited for all or for one request.
import http from 'k6/http';
import { check } from 'k6';

const base = __ENV.URL;

export const options = {
  iterations: 2,
  maxRedirects: 2,
  thresholds: { checks: ['rate==1'], http_reqs: ['count==20'], 'http_reqs{status:302}': ['count==16'] },
};

export default function () {
  check(http.get(`${base}/hop/2`), { 'to the end': (r) => r.status === 200 && r.url === `${base}/hop/0` });
  check(http.get(`${base}/hop/9`), { 'as far as all may go': (r) => r.status === 302 && r.url.endsWith('/hop/7') });
  check(http.get(`${base}/hop/2`, { redirects: 0 }), { 'not at all': (r) => r.status === 302 && r.headers.Location === '/hop/1' });
  check(http.get(`${base}/hop/2`, { redirects: 5 }), { 'farther than the others': (r) => r.status === 200 });
}
