// The load on the catalogue: seven reads of an item, two of a page and one new item out of ten iterations, one request
// each. Which request an iteration makes, and with what, depends on the run's seed and the number of the iteration alone.
import http from 'k6/http';
import { check } from 'k6';
import brunt from 'k6/x/brunt';

const base = __ENV.BASE_URL;
const rows = Number(__ENV.ROWS || 100000); // the items that the data set made
const hot = 100; // half of the reads go to as many items, so that the cache is of use

export default function () {
  const r = brunt.rand();
  const what = r.float();
  if (what < 0.7) {
    item(r);
  } else if (what < 0.9) {
    list(r);
  } else {
    create(r);
  }
}

function item(r) {
  const id = r.chance(0.5) ? r.int(1, hot) : r.int(1, rows);
  const response = http.get(`${base}/items/${id}`, { tags: { name: 'GET /items/{id}', endpoint: 'item' } });
  check(response, {
    'item is found': (it) => it.status === 200,
    'item is the one asked for': (it) => it.status === 200 && it.json('id') === id,
  });
}

function list(r) {
  const response = http.get(`${base}/items?page=${r.int(1, 500)}`, { tags: { name: 'GET /items', endpoint: 'list' } });
  check(response, { 'page is full': (it) => it.status === 200 && it.json('items.#') === 20 });
}

function create(r) {
  const item = { name: `made ${r.text(12)}`, price_cents: r.int(1, 100000), stock: r.int(0, 500), description: r.text(120) };
  const response = http.post(`${base}/items`, JSON.stringify(item), {
    headers: { 'Content-Type': 'application/json' },
    tags: { name: 'POST /items', endpoint: 'create' },
  });
  check(response, { 'item is created': (it) => it.status === 201 });
}
