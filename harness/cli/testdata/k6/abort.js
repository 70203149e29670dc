// A threshold that ends the test early, at once or after a delay.
import http from 'k6/http';
import { sleep } from 'k6';
import { Rate } from 'k6/metrics';

const spoiled = new Rate('spoiled');
const bound = { threshold: 'rate<0.5', abortOnFail: true };
if (__ENV.DELAY) {
  bound.delayAbortEval = __ENV.DELAY;
}

export const options = {
  vus: 1,
  duration: __ENV.DURATION,
  thresholds: { spoiled: [bound], http_req_failed: ['rate<0.01'] },
};

export default function () {
  http.get(`${__ENV.URL}/`);
  // Bad at first; RECOVERS is after how many iterations nothing is bad any more.
  spoiled.add(__ITER < Number(__ENV.RECOVERS));
  sleep(0.02);
}

export function teardown() {
  http.get(`${__ENV.URL}/seen/${__ENV.TOKEN}`);
}
