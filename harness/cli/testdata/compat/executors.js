// Every executor of k6's.
import exec from 'k6/execution';
import { sleep } from 'k6';
import { Counter } from 'k6/metrics';

const by = new Counter('iterations_by');

export const options = {
  scenarios: {
    shared: { executor: 'shared-iterations', vus: 2, iterations: 10, maxDuration: '20s' },
    each: { executor: 'per-vu-iterations', vus: 3, iterations: 4, maxDuration: '20s', exec: 'brief' },
    constant: { executor: 'constant-vus', vus: 2, duration: '1s', startTime: '200ms' },
    ramping: { executor: 'ramping-vus', startVUs: 1, stages: [{ duration: '500ms', target: 3 }, { duration: '300ms', target: 0 }], gracefulRampDown: '2s' },
    arriving: { executor: 'constant-arrival-rate', rate: 20, timeUnit: '1s', duration: '1s', preAllocatedVUs: 3, maxVUs: 6 },
    rising: { executor: 'ramping-arrival-rate', startRate: 5, timeUnit: '1s', preAllocatedVUs: 4, stages: [{ duration: '1s', target: 20 }] },
    outside: { executor: 'externally-controlled', vus: 1, maxVUs: 2, duration: '1s' },
  },
  thresholds: {
    'iterations{scenario:shared}': ['count==10'],
    'iterations{scenario:each}': ['count==12'],
    'iterations{scenario:constant}': ['count>2', 'count<60'],
    'iterations{scenario:ramping}': ['count>2', 'count<80'],
    'iterations{scenario:arriving}': ['count>5', 'count<=21'],
    'iterations{scenario:rising}': ['count>3', 'count<=16'],
    'iterations{scenario:outside}': ['count>2', 'count<40'],
    'iterations_by{executor:per-vu-iterations}': ['count==12'],
  },
};

export default function () {
  by.add(1, { executor: exec.scenario.executor });
  sleep(0.05);
}

export function brief() {
  by.add(1, { executor: exec.scenario.executor });
}
