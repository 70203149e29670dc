// A load that a threshold ends, and a summary of it all the same.
import { sleep } from 'k6';
import { Rate } from 'k6/metrics';

const spoiled = new Rate('spoiled');

export const options = {
  vus: 2,
  duration: '60s',
  thresholds: { spoiled: [{ threshold: 'rate<0.5', abortOnFail: true }], iterations: ['count>0'] },
};

export default function () {
  spoiled.add(true);
  sleep(0.1);
}

export function handleSummary(data) {
  return { stdout: `in time: ${data.state.testRunDurationMs < 50000}, held: ${data.metrics.spoiled.thresholds['rate<0.5'].ok}\n` };
}
