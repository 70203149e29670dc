// Groups in groups; their durations and what happens in them are bound by the tag `group`.
import http from 'k6/http';
import { group, sleep } from 'k6';

const bad = __ENV.BAD === '1';

export const options = {
  iterations: 3,
  thresholds: {
    'group_duration{group:::borrow}': ['avg<20000'],
    'group_duration{group:::borrow::search}': [bad ? 'max<40' : 'max<20000', 'min>=0'],
    'http_reqs{group:::borrow::search}': ['count==6'],
    'http_reqs{group:::return}': ['count==3'],
    'http_req_duration{group:::return}': ['p(95)<20000'],
  },
};

export default function () {
  group('borrow', () => {
    group('search', () => {
      http.get(`${__ENV.URL}/books`);
      http.get(`${__ENV.URL}/books/7`);
      sleep(0.1);
    });
    http.post(`${__ENV.URL}/books`, JSON.stringify({ id: 7 }));
  });
  group('return', () => http.del(`${__ENV.URL}/books/7`));
}
