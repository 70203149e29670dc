// Thresholds on parts of a metric: tags of a request, of the scenario, of the whole test, and those that k6 sets itself.
import http from 'k6/http';
import exec from 'k6/execution';

const bad = (__ENV.BAD || '').split(',');
const limit = (name) => (bad.includes(name) ? 'p(95)<40' : 'p(95)<20000');

export const options = {
  tags: { suite: 'reading room' },
  scenarios: {
    readers: { executor: 'per-vu-iterations', vus: 2, iterations: 4, tags: { who: 'reader' } },
  },
  thresholds: {
    'http_req_duration{endpoint:slow}': [limit('endpoint')],
    'http_req_duration{ "name" : \'list\' }': ['p(95)<20000'],
    'http_req_duration{who:reader,method:GET,status:200}': [limit('several')],
    'http_req_duration{expected_response:true}': ['p(95)<20000'],
    'http_req_duration{expected_response:false}': ['max<20000'],
    'http_reqs{scenario:readers}': ['count==32'],
    'http_reqs{status:404}': [bad.includes('status') ? 'count==0' : 'count==8'],
    'http_reqs{suite:reading room,method:POST}': ['count==8'],
    'http_req_failed{endpoint:slow}': ['rate==0'],
    'http_req_failed{name:lost}': ['rate>0.99'],
    'http_reqs{turn:odd}': ['count==16'],
    [`http_reqs{url:${__ENV.URL}/slow}`]: ['count==8'],
  },
};

export default function () {
  exec.vu.metrics.tags.turn = __ITER % 2 ? 'odd' : 'even';
  http.get(`${__ENV.URL}/slow`, { tags: { endpoint: 'slow' } });
  http.get(`${__ENV.URL}/books`, { tags: { name: 'list' } });
  http.get(`${__ENV.URL}/missing`, { tags: { name: 'lost' } });
  http.post(http.url`${__ENV.URL}/books?copy=${__ITER}`, '{}');
}
