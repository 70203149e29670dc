// The load on the catalogue. Pages: of 2,000, the favourites far more often than the rest; three links in ten bear a mark of their
// own, which changes nothing of the page, and one in twenty is old and leads to a category that is gone. Best sellers: few ask for
// them, until a campaign sends 400 a second there. Which page an iteration asks for depends on the run's seed and the number of
// the iteration alone.
import http from 'k6/http';
import { check } from 'k6';
import brunt from 'k6/x/brunt';

const categories = 50;
const pages = 40; // of each

export const options = {
  scenarios: {
    pages: { executor: 'brunt-arrival', exec: 'browse', rate: 50, duration: '180s', maxVUs: 200, gracefulStop: '5s' },
    top: {
      executor: 'brunt-arrival',
      exec: 'top',
      startRate: 5,
      stages: [
        { duration: '60s', target: 5 },
        { duration: 0, target: 400 },
        { duration: '30s', target: 400 },
        { duration: 0, target: 5 },
        { duration: '90s', target: 5 },
      ],
      maxVUs: 600, // those that are due meanwhile wait, and their time counts from when they were due
      gracefulStop: '5s', // what is not answered by then has failed its reader long ago
    },
  },
};

export function browse() {
  const r = brunt.rand();
  const gone = r.chance(0.05);
  const rank = Math.floor((categories * pages) ** r.float()) - 1; // Zipf's law: the second is asked for half as often as the first
  let address = `/products?category=${gone ? r.int(901, 910) : 1 + (rank % categories)}&page=${1 + Math.floor(rank / categories)}`;
  if (r.chance(0.3)) {
    address += `&utm_id=${r.text(16)}`;
  }
  const page = http.get(`${__ENV.BASE_URL}${address}`, {
    tags: { name: 'GET /products', endpoint: 'products' },
    responseCallback: http.expectedStatuses(gone ? 404 : 200),
  });
  check(page, {
    'page is full, or is not there': (it) => (gone ? it.status === 404 : it.status === 200 && it.json('products.#') === 20),
  });
}

export function top() {
  const best = http.get(`${__ENV.BASE_URL}/top`, { tags: { name: 'GET /top', endpoint: 'top' } });
  check(best, { 'best sellers are twenty': (it) => it.status === 200 && it.json('products.#') === 20 });
}
