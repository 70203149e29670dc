// The execution API: the scenario, the instance, the VU and the test as an iteration sees them.
import exec from 'k6/execution';
import { check } from 'k6';
import { Counter } from 'k6/metrics';

const seen = new Counter('seen');

export const options = {
  scenarios: {
    kitchen: { executor: 'shared-iterations', vus: 2, iterations: 6, maxDuration: '20s' },
    hall: { executor: 'per-vu-iterations', vus: 2, iterations: 3, exec: 'hall', startTime: '100ms' },
  },
  thresholds: { checks: ['rate==1'], 'iterations{scenario:kitchen}': ['count==6'], seen: ['count==15'] },
};

export default function () {
  check(exec.scenario, {
    name: (s) => s.name === 'kitchen' && s.executor === 'shared-iterations',
    'its beginning': (s) => s.startTime > 1e12 && s.startTime <= Date.now(),
    progress: (s) => s.progress >= 0 && s.progress <= 1,
    iterations: (s) => s.iterationInTest >= 0 && s.iterationInTest < 6 && s.iterationInInstance === s.iterationInTest,
  });
  check(exec.instance, {
    VUs: (i) => i.vusActive >= 1 && i.vusInitialized >= 2,
    'what was done': (i) => i.iterationsCompleted >= 0 && i.iterationsInterrupted === 0,
    'the time so far': (i) => i.currentTestRunDuration >= 0,
  });
  check(exec.vu, {
    'the VU': (v) => v.idInTest >= 1 && v.idInInstance >= 1 && v.iterationInScenario <= v.iterationInInstance,
    '__VU and __ITER': (v) => v.idInInstance === __VU && v.iterationInInstance === __ITER,
  });
  check(exec.test.options, { 'options in full': (o) => o.scenarios.kitchen.maxDuration === '20s' && o.thresholds.seen.length === 1 });
  seen.add(exec.scenario.iterationInTest); // 0 + 1 + … + 5: each number once
}

export function hall() {
  check(exec.scenario, { 'the other scenario': (s) => s.name === 'hall' && s.executor === 'per-vu-iterations' });
}
