// Every executor that k6 has, side by side, each with its own function, environment and tags.
import http from 'k6/http';
import exec from 'k6/execution';
import { sleep } from 'k6';

const bad = __ENV.BAD === '1';
const common = { gracefulStop: '5s' };

export const options = {
  scenarios: {
    shared: { executor: 'shared-iterations', vus: 2, iterations: 8, exec: 'browse', ...common },
    each: { executor: 'per-vu-iterations', vus: 2, iterations: 3, exec: 'browse', env: { PAGE: 'books/1' }, ...common },
    constant: { executor: 'constant-vus', vus: 1, duration: '1s', exec: 'pause', ...common },
    ramping: {
      executor: 'ramping-vus', startVUs: 0, exec: 'pause', gracefulRampDown: '1s', ...common,
      stages: [{ duration: '300ms', target: 2 }, { duration: '300ms', target: 0 }],
    },
    arriving: {
      executor: 'constant-arrival-rate', rate: 20, timeUnit: '1s', duration: '1s', preAllocatedVUs: 4, exec: 'browse',
      tags: { model: 'open' }, ...common,
    },
    rising: {
      executor: 'ramping-arrival-rate', startRate: 10, timeUnit: '1s', preAllocatedVUs: 4, exec: 'browse', startTime: '200ms',
      tags: { model: 'open' }, stages: [{ duration: '400ms', target: 30 }], ...common,
    },
  },
  thresholds: {
    'http_reqs{scenario:shared}': ['count==8'],
    'http_reqs{scenario:each}': ['count==6'],
    'iterations{scenario:each}': [bad ? 'count==5' : 'count==6'],
    'iterations{scenario:constant}': ['count>0', 'count<100'],
    'iterations{scenario:ramping}': ['count<100'],
    'http_req_duration{model:open}': ['p(95)<20000'],
    'http_reqs{model:open}': ['count>=1', 'count<60'],
    'http_req_failed{scenario:rising}': ['rate<0.5'],
    vus_max: ['value>=10'],
  },
};

export function browse() {
  http.get(`${__ENV.URL}/${__ENV.PAGE || ''}`, { tags: { name: exec.scenario.name } });
}

export function pause() {
  sleep(0.1);
}
