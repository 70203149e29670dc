// The short form of stages, and a threshold that would end the load.
import http from 'k6/http';
import { sleep } from 'k6';

export const options = {
  stages: [{ duration: '400ms', target: 3 }, { duration: '400ms', target: 3 }, { duration: '200ms', target: 0 }],
  thresholds: {
    http_req_failed: [{ threshold: 'rate<0.5', abortOnFail: true, delayAbortEval: '200ms' }],
    http_reqs: ['count>2'],
    vus_max: ['value==3'],
  },
};

export default function () {
  http.get(`${__ENV.URL}/pizzas`);
  sleep(0.05);
}
