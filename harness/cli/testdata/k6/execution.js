// The execution API: who and where an iteration is, and ending the test from within.
import exec from 'k6/execution';
import { Counter } from 'k6/metrics';

const done = new Counter('done');

export const options = {
  scenarios: { s: { executor: 'shared-iterations', vus: 2, iterations: 6, maxDuration: '30s' } },
  thresholds: { done: [__ENV.BAD === '1' ? 'count>1000' : 'count>=0'], 'iterations{turn:5}': ['count<=1'] },
};

if (__ENV.WHERE === 'init') {
  exec.test.abort('in init');
}

export function setup() {
  end('setup');
}

export default function () {
  exec.vu.metrics.tags.turn = String(exec.scenario.iterationInTest);
  if (exec.scenario.iterationInTest === 3) {
    end('iteration');
  }
  if (exec.test.options.scenarios.s.vus === 2 && exec.vu.idInTest <= 2 && exec.instance.vusActive > 0) {
    done.add(1);
  }
}

export function teardown() {
  end('teardown');
}

function end(where) {
  if (__ENV.WHERE !== where) {
    return;
  }
  if (__ENV.HOW === 'fail') {
    exec.test.fail(`marked in ${where}`);
  } else {
    exec.test.abort(`ended in ${where}`);
  }
}
