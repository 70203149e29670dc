// The load on the documents: 167 changes of a status a second (10,000 a minute), 5 lists by status and 20 reads of a whole document.
// Which document and which status depend on the run's seed and the number of the iteration alone.
import http from 'k6/http';
import { check } from 'k6';
import brunt from 'k6/x/brunt';

const base = __ENV.BASE_URL;
const rows = Number(__ENV.ROWS); // the documents that are used, of those that the data set made
const statuses = ['draft', 'review', 'approved', 'archived'];

// What is not answered five seconds after its end has failed its reader long ago.
const arrival = { executor: 'brunt-arrival', duration: '180s', gracefulStop: '5s' };

export const options = {
  scenarios: {
    updates: { ...arrival, exec: 'update', rate: 167, maxVUs: 100 },
    lists: { ...arrival, exec: 'list', rate: 5, maxVUs: 20 },
    reads: { ...arrival, exec: 'read', rate: 20, maxVUs: 40 },
  },
};

export function update() {
  const r = brunt.rand();
  const id = r.int(1, rows);
  const status = statuses[r.int(0, 3)];
  const updated = http.patch(`${base}/docs/${id}/status`, JSON.stringify({ status }), {
    headers: { 'Content-Type': 'application/json' },
    tags: { name: 'PATCH /docs/{id}/status', endpoint: 'update' },
  });
  check(updated, {
    'status is set': (it) => it.status === 200 && it.json('id') === id && it.json('status') === status,
  });
}

export function list() {
  const status = statuses[brunt.rand().int(0, 3)];
  const listed = http.get(`${base}/docs?status=${status}`, { tags: { name: 'GET /docs', endpoint: 'list' } });
  check(listed, {
    'list is full': (it) => it.status === 200 && it.json('docs.#') === 20,
    'list is of the status': (it) => it.status === 200 && it.json('docs.0.status') === status,
  });
}

export function read() {
  const document = http.get(`${base}/docs/${brunt.rand().int(1, rows)}`, { tags: { name: 'GET /docs/{id}', endpoint: 'read' } });
  check(document, {
    'document is whole': (it) => it.status === 200 && it.json('pages.#') === 50 && statuses.includes(it.json('status')),
  });
}
