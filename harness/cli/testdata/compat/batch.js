// Requests at the same time: a list, an object, and limits of how many.
import http from 'k6/http';
import { check } from 'k6';

const base = __ENV.URL;

export const options = {
  batch: 3,
  batchPerHost: 2,
  vus: 2,
  iterations: 4,
  thresholds: { checks: ['rate==1'], http_reqs: ['count==28'], 'http_reqs{kind:page}': ['count==8'], iterations: ['count==4'] },
};

export default function () {
  const [first, second, third] = http.batch([
    ['GET', `${base}/pizzas/1`, null, { tags: { kind: 'page' } }],
    ['POST', `${base}/echo`, 'dough'],
    { method: 'GET', url: `${base}/pizzas/2`, params: { tags: { kind: 'page' } } },
  ]);
  check(null, {
    'a list answers in its order': () => first.body === 'pizza 1' && second.json('body') === 'dough' && third.body === 'pizza 2',
  });
  const named = http.batch({ one: `${base}/pizzas/3`, two: { method: 'PUT', url: `${base}/echo`, body: 'sauce' } });
  check(named, { 'an object answers by name': (r) => r.one.status === 200 && r.two.json('body') === 'sauce' });
  check(http.batch([`${base}/pizzas/4`, `${base}/pizzas/5`]), { 'all are there': (r) => r.every((one) => one.status === 200) });
}
