// The load on the shop: orders, a tenth of them for each endpoint. For which depends on the run's seed and the number of the
// iteration alone. An order that was answered with 201 is the shop's duty from then on: its endpoint has to hear of it.
import http from 'k6/http';
import { check } from 'k6';
import brunt from 'k6/x/brunt';

const orders = brunt.ledger('orders');
const rate = 116; // a second: ten million a day

export const options = {
  scenarios: {
    orders: {
      executor: 'brunt-arrival',
      startRate: rate,
      stages: [
        { duration: '200s', target: rate },
        { duration: 0, target: 3 * rate },
        { duration: '20s', target: 3 * rate },
        { duration: 0, target: rate },
        { duration: '20s', target: rate },
      ],
      maxVUs: 200, // orders under way at once; those that are due meanwhile wait, and their time counts from when they were due
      gracefulStop: '5s', // what is not answered by then has failed its customer long ago
    },
  },
};

export default function () {
  const r = brunt.rand();
  const id = orders.next();
  const order = { id, endpoint: r.int(1, 10), total_cents: r.int(100, 99999) };
  const answer = http.post(`${__ENV.BASE_URL}/orders`, JSON.stringify(order), {
    headers: { 'Content-Type': 'application/json' },
    tags: { name: 'POST /orders' },
  });
  if (check(answer, { 'order is accepted': (it) => it.status === 201 })) orders.acked(id);
}
