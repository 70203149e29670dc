// Five clients who keep to the limit, at 90 requests of each key in a window, and one who does not: bursts of two seconds, each with
// a key of its own. Both instances of the API get every second request of each.
import http from 'k6/http';
import exec from 'k6/execution';
import { Rate } from 'k6/metrics';

const apis = __ENV.API_URLS.split(',');
const keys = 5;
const perWindow = 90; // of each key

const rejected = new Rate('rejected'); // of the requests that were answered by the limiter

// Over the limit is an answer, not a failure.
http.setResponseCallback(http.expectedStatuses(200, 429));

export const options = {
  scenarios: {
    // The window is scaled with everything else, and the rate with it: the limit is the same, so they have to come as near to it.
    steady: { executor: 'brunt-arrival', rate: keys * perWindow, timeUnit: __ENV.WINDOW, duration: '210s', maxVUs: 50, exec: 'steady' },
    sound: burst('30s'),
    at20ms: burst('72s'),
    at50ms: burst('102s'),
    down: burst('183s'),
  },
};

function burst(startTime) {
  return { executor: 'brunt-arrival', rate: 1500, duration: '2s', startTime, maxVUs: 300, exec: 'abuse' };
}

export function steady() {
  const i = exec.scenario.iterationInTest;
  ask(`steady-${(i % keys) + 1}`, Math.floor(i / keys), 'steady');
}

export function abuse() {
  ask(exec.scenario.name, exec.scenario.iterationInTest, 'abusive');
}

// ask sends a key's n-th request.
function ask(key, n, client) {
  const response = http.get(`${apis[n % apis.length]}/api`, { headers: { 'X-Api-Key': key }, tags: { name: 'GET /api', client } });
  if (response.status === 200 || response.status === 429) {
    rejected.add(response.status === 429, { client });
  }
}
