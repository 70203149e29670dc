// The four stages of a test's life, and the data that they hand on.
import http from 'k6/http';
import { check, sleep } from 'k6';

if (__VU === 1) {
  console.log('init');
}

export const options = {
  vus: 2,
  iterations: 4,
  setupTimeout: '20s',
  teardownTimeout: '20s',
  thresholds: { checks: ['rate==1'], http_reqs: ['count==6'], iterations: ['count==4'], 'http_reqs{group:::setup}': ['count==1'] },
};

export function setup() {
  const res = http.get(`${__ENV.URL}/pizzas`);
  console.info('setup', res.status);
  return { pizzas: res.json('pizzas'), opened: 'noon' };
}

export default function (data) {
  check(http.get(`${__ENV.URL}/pizzas/${data.pizzas[__ITER % 3].id}`), {
    'the data of setup': () => data.opened === 'noon' && data.pizzas.length === 3,
  });
  console.log('iteration');
  sleep(0.05);
}

export function teardown(data) {
  check(http.get(`${__ENV.URL}/pizzas`), { 'teardown has it too': () => data.opened === 'noon' });
  console.warn(`teardown of ${data.pizzas.length} pizzas`);
}
