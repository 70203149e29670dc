// Requests in parallel: as an array of arrays, of URLs, and as an object.
import http from 'k6/http';
import { check } from 'k6';

const bad = __ENV.BAD === '1';

export const options = {
  iterations: 3,
  batch: 4,
  thresholds: {
    http_reqs: ['count==18'],
    'http_reqs{part:image}': ['count==6'],
    http_req_failed: [bad ? 'rate==0' : 'rate<0.2', 'rate>0.1'],
    checks: ['rate==1'],
  },
};

export default function () {
  const list = http.batch([
    ['GET', `${__ENV.URL}/books`, null, { tags: { part: 'page' } }],
    ['GET', `${__ENV.URL}/books/1`, null, { tags: { part: 'image' } }],
    { method: 'GET', url: `${__ENV.URL}/books/2`, params: { tags: { part: 'image' } } },
    `${__ENV.URL}/missing`,
  ]);
  const named = http.batch({
    add: { method: 'POST', url: `${__ENV.URL}/books`, body: { title: 'Persuasion' } },
    home: { method: 'GET', url: `${__ENV.URL}/` },
  });
  check(list, { 'in order': (l) => l[0].status === 200 && l[3].status === 404 });
  check(named, { 'by name': (n) => n.add.status === 201 && n.home.body === 'hello\n' });
}
