// How much load: by iterations, VUs, duration or stages, from options or flags; k6's own metrics of it.
import { sleep } from 'k6';

export const options = JSON.parse(__ENV.OPTIONS || '{}');
options.thresholds = JSON.parse(__ENV.THRESHOLDS);

export default function () {
  sleep(0.05);
}
