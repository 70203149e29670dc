// Options of many kinds, in their short forms.
import http from 'k6/http';
import { check } from 'k6';

const [host, port] = __ENV.URL.split('://')[1].split(':');

export const options = {
  vus: 2,
  iterations: 6,
  hosts: { 'pizza.test': host, '*.pizza.test': `${host}:${port}` },
  discardResponseBodies: true,
  noConnectionReuse: true,
  noVUConnectionReuse: true,
  insecureSkipTLSVerify: true,
  userAgent: 'guest/1.0',
  httpDebug: '',
  throw: false,
  rps: 1000,
  minIterationDuration: '50ms',
  blacklistIPs: ['10.0.0.0/8'],
  blockHostnames: ['*.closed.test'],
  systemTags: ['status', 'method', 'proto', 'name', 'check', 'tls_version', 'error_code'],
  tags: { day: 'friday' },
  summaryTrendStats: ['min', 'p(99)'],
  summaryTimeUnit: 's',
  dns: { ttl: '1m', select: 'first', policy: 'preferIPv4' },
  thresholds: {
    checks: ['rate==1'],
    http_reqs: ['count==30'],
    'http_reqs{proto:HTTP/2.0}': ['count==6'],
    'http_reqs{day:friday}': ['count==30'],
    'http_req_failed{error_code:1110}': ['rate==1'],
    'http_req_failed{error_code:1111}': ['rate==1'],
  },
};

export default function () {
  const text = { responseType: 'text' };
  check(http.get(`http://pizza.test:${port}/echo`, text), {
    'a name leads elsewhere': (r) => r.json('host') === `pizza.test:${port}`,
    'who we are': (r) => r.json('headers.User-Agent') === 'guest/1.0',
  });
  check(http.get('http://north.pizza.test/pizzas'), { 'a body is thrown away': (r) => r.status === 200 && r.body === null });
  check(http.get(`${__ENV.TLS}/echo`, text), { 'HTTP/2 over TLS': (r) => r.json('proto') === 'HTTP/2.0' && r.tls_version === 'tls1.3' });
  check(http.get('http://10.1.2.3/'), { 'an address is refused': (r) => r.error_code === 1110 });
  check(http.get('http://is.closed.test/'), { 'so is a name': (r) => r.error_code === 1111 });
}
