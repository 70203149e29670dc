// The load on the order history: the latest paid orders of a customer. One request in ten is for the large customer, who has a
// tenth of the orders. Whose orders are asked for depends on the run's seed and the number of the iteration alone.
import http from 'k6/http';
import { check } from 'k6';
import brunt from 'k6/x/brunt';

export const options = {
  scenarios: {
    history: {
      executor: 'brunt-arrival',
      startRate: 1,
      stages: [{ duration: '60s', target: 20 }, { duration: '60s', target: 20 }],
      maxVUs: 200,
      gracefulStop: '5s', // what is not answered by then has failed its reader long ago
    },
  },
};

export default function () {
  const r = brunt.rand();
  const large = r.chance(0.1);
  const customer = large ? 1 : r.int(2, 2501);
  const latest = http.get(`${__ENV.BASE_URL}/customers/${customer}/orders?status=paid`, {
    tags: { name: 'GET /customers/{id}/orders', customer: large ? 'large' : 'small' },
  });
  check(latest, {
    'orders are found': (it) => it.status === 200,
    'large customer has twenty': (it) => !large || (it.status === 200 && it.json('orders.#') === 20),
  });
}
