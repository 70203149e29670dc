// Checks, with tags of their own and with thresholds on all of them or on those of one tag.
import http from 'k6/http';
import { check } from 'k6';

const bad = __ENV.BAD === '1';

export const options = {
  vus: 2,
  iterations: 10,
  thresholds: {
    checks: ['rate>0.7'],
    'checks{about:body}': ['rate>0.9'],
    'checks{check:status is 200}': ['rate==1'],
  },
};

export default function () {
  const res = http.get(`${__ENV.URL}/books`);
  check(res, { 'status is 200': (r) => r.status === 200 });
  check(res, {
    'is a list': (r) => Array.isArray(r.json('books')),
    'has a title': (r) => (bad ? __ITER % 2 === 7 : r.json('books.0.title') === 'Emma'),
  }, { about: 'body' });
}
