// Methods, bodies, headers, authentication, and what a response can be asked.
import http from 'k6/http';
import { check } from 'k6';

const base = __ENV.URL;

http.setResponseCallback(http.expectedStatuses({ min: 200, max: 299 }, 401));

export const options = {
  vus: 1,
  iterations: 2,
  thresholds: {
    checks: ['rate==1'],
    http_reqs: ['count==38'],
    'http_reqs{expected_response:false}': ['count==4'],
    'http_req_failed{name:teapot}': ['rate==0'],
    iterations: ['count==2'],
  },
};

export default function () {
  for (const method of ['put', 'patch', 'del', 'options']) {
    const res = http[method](`${base}/echo?a=1`, 'the body');
    check(res, { [`${method} carries a body`]: (r) => r.json('body') === 'the body' && r.json('query') === 'a=1' });
  }
  check(http.head(`${base}/echo`), { 'head has no body': (r) => r.status === 200 && r.body.length === 0 });
  check(http.request('GET', `${base}/echo`, null, { headers: { 'X-Table': '7' } }), {
    'a header goes out': (r) => r.json('headers.X-Table') === '7',
    'a header comes in': (r) => r.headers['Content-Type'] === 'application/json' && r.proto === 'HTTP/1.1',
  });
  check(http.post(`${base}/echo`, { size: 'large', extra: 'basil & oil' }), {
    'an object is a form': (r) => r.json('body') === 'extra=basil+%26+oil&size=large' || r.json('body') === 'size=large&extra=basil+%26+oil',
  });
  check(http.post(`${base}/echo`, JSON.stringify({ size: 1 }), { headers: { 'Content-Type': 'application/json' } }), {
    'JSON goes as it is': (r) => JSON.parse(r.json().body).size === 1,
  });
  check(http.post(`${base}/echo`, 'x'.repeat(500), { compression: 'gzip' }), {
    'a body is compressed': (r) => r.json('headers.Content-Encoding') === 'gzip' && r.json('body').length < 100,
  });
  check(http.get(`${base}/pizzas`), {
    'a list is picked': (r) => r.json('pizzas.#') === 3 && r.json('pizzas.1.id') === 2,
    'timings are known': (r) => r.timings.duration >= 0 && r.timings.waiting > 0 && r.remote_ip === '127.0.0.1',
  });
  check(http.get(`${base}/pizzas`, { responseType: 'binary' }), { 'bytes': (r) => r.body instanceof ArrayBuffer && r.body.byteLength > 50 });
  check(http.get(`${base}/pizzas`, { responseType: 'none' }), { 'nothing': (r) => r.body === null });

  const [scheme, host] = base.split('://');
  check(http.get(`${scheme}://cook:basilico@${host}/basic`), { 'basic': (r) => r.status === 200 });
  check(http.get(`${base}/basic`), { 'refused, as expected': (r) => r.status === 401 });
  check(http.get(`${scheme}://cook:basilico@${host}/digest`, { auth: 'digest' }), { 'digest': (r) => r.status === 200 });

  check(http.get(`${base}/status/418`, { responseCallback: http.expectedStatuses(418), tags: { name: 'teapot' } }), {
    'a teapot is expected': (r) => r.status === 418 && r.error_code === 1418,
  });
  check(http.get(`${base}/stuck`, { timeout: '100ms' }), { 'it times out': (r) => r.status === 0 && r.error_code === 1050 });
  check(http.get(http.url`${base}/status/${503}`), { 'one name for many URLs': (r) => r.request.url.endsWith('/status/503') && r.error_code === 1503 });
}
