// Groups and tags: of a request, of a check, of the VU, of a scenario, of the whole test.
import http from 'k6/http';
import exec from 'k6/execution';
import { check, group } from 'k6';
import { Counter } from 'k6/metrics';

const orders = new Counter('orders');

export const options = {
  tags: { city: 'naples' },
  scenarios: {
    lunch: { executor: 'shared-iterations', iterations: 3, tags: { meal: 'lunch' } },
    dinner: { executor: 'per-vu-iterations', vus: 2, iterations: 1, tags: { meal: 'dinner' }, env: { WINE: 'yes' }, exec: 'dinner' },
  },
  thresholds: {
    checks: ['rate==1'],
    'checks{about:table}': ['rate==1'],
    'http_reqs{city:naples}': ['count==8'],
    'http_reqs{meal:lunch}': ['count==6'],
    'http_reqs{group:::order::pay}': ['count==3'],
    'http_reqs{name:pizza}': ['count==3'],
    'group_duration{group:::order}': ['max<30000'],
    'orders{paid:card}': ['count==9'],
    'orders{course:second}': ['count==2'],
  },
};

export default function () {
  group('order', () => {
    const res = http.get(`${__ENV.URL}/pizzas/${exec.scenario.iterationInTest}`, { tags: { name: 'pizza' } });
    check(res, { 'it is served': (r) => r.status === 200 }, { about: 'table' });
    const paid = group('pay', () => {
      http.post(`${__ENV.URL}/echo`, 'card');
      orders.add(3, { paid: 'card' });
      return true;
    });
    check(paid, { 'a group returns a value': (v) => v });
  });
}

export function dinner() {
  exec.vu.metrics.tags.course = 'second';
  exec.vu.metrics.metadata.order = `order-${exec.vu.idInTest}`;
  http.get(`${__ENV.URL}/pizzas`);
  orders.add(1);
  check(null, { 'the scenario has its own environment': () => __ENV.WINE === 'yes', 'tags can be read': () => exec.vu.metrics.tags.scenario === 'dinner' });
  delete exec.vu.metrics.tags.course;
}
