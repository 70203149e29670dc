// More iterations than the VUs can begin: k6 drops them and counts them.
import { sleep } from 'k6';

export const options = {
  scenarios: {
    open: {
      executor: 'constant-arrival-rate', rate: 20, duration: '1s', preAllocatedVUs: Number(__ENV.VUS), gracefulStop: '2s',
    },
  },
  thresholds: { dropped_iterations: ['count<5'], 'dropped_iterations{scenario:open}': ['count<5'], iteration_duration: ['avg>1'] },
};

export default function () {
  sleep(0.4);
}
