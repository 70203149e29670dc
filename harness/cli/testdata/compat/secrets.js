// Secrets out of a source, which k6 itself keeps out of its log.
import secrets from 'k6/secrets';
import http from 'k6/http';
import { check } from 'k6';

export const options = { iterations: 2, thresholds: { checks: ['rate==1'], http_reqs: ['count==2'] } };

export default async function () {
  const oven = await secrets.get('oven');
  console.log(`the code is ${oven}`);
  check(http.get(`${__ENV.URL}/echo`, { headers: { 'X-Oven': oven } }), { 'the secret goes out': (r) => r.json('headers.X-Oven') === 'four-one-nine' });
}
