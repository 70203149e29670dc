// The load on the shop: users who ask for orders, 100 a second. One request in a hundred bears a token that was forged or revoked. Which
// it is depends on the run's seed and the number of the iteration alone. Every four seconds a user revokes a token.
import http from 'k6/http';
import exec from 'k6/execution';
import crypto from 'k6/crypto';
import encoding from 'k6/encoding';
import { check } from 'k6';
import { Rate } from 'k6/metrics';
import brunt from 'k6/x/brunt';

const [base, auth, window] = [__ENV.BASE_URL, __ENV.AUTH_URL, seconds(__ENV.REVOKED_WITHIN)];
const trusted = { Authorization: `Bearer ${__ENV.SERVICE_TOKEN}` };
const rate = 100; // a second, so that the number of an iteration tells the time
const every = 400; // iterations, a token is revoked
const slack = 2; // seconds, until a revocation has reached auth for certain
const users = 50;
const doomed = 100; // tokens that are going to be revoked

const accepted = new Rate('accepted'); // of the requests that bear no good token, those that were let in

export const options = {
  scenarios: {
    shop: {
      executor: 'brunt-arrival',
      rate,
      duration: '337s',
      maxVUs: 800, // requests under way at once; those that are due meanwhile wait, and their time counts from when they were due
    },
  },
};

export function setup() {
  const known = http.get(`${auth}/keys/auth`).json('keys.0');
  const tokens = (n, life) => http.batch(Array.from({ length: n }, (_, i) => token(`user-${i}`, life))).map((it) => it.json('token'));
  return { good: tokens(users, '1h'), doomed: tokens(doomed, '1h'), ended: tokens(1, '-1s')[0], kid: known.kid, key: known.x };
}

function token(user, life) {
  return { method: 'POST', url: `${auth}/tokens`, body: { user, for: life }, params: { headers: trusted } };
}

export default function (tokens) {
  const n = exec.scenario.iterationInTest;
  if (n % every === every - 1) {
    return revoke(tokens.doomed[Math.floor(n / every)]);
  }
  const r = brunt.rand();
  const revoked = Math.min(doomed, Math.floor((n + 1 - (window + slack) * rate) / every)); // long enough ago
  const order = r.int(1, 10000);
  switch (r.int(1, 200)) {
    case 1:
      return refused(order, 'forged', forged(r, tokens));
    case 2:
      if (revoked > 0) {
        return refused(order, 'revoked', { Authorization: `Bearer ${tokens.doomed[r.int(0, revoked - 1)]}` });
      }
  }
  const user = r.int(0, users - 1);
  const there = ask(order, 200, { Authorization: `Bearer ${tokens.good[user]}` });
  check(there, { 'it is for the user who asked': (it) => it.status === 200 && it.json('user') === `user-${user}` && it.json('units') >= 0 });
}

function ask(order, expected, headers) {
  const responseCallback = http.expectedStatuses(expected);
  return http.get(`${base}/orders/${order}`, { headers, responseCallback, tags: { name: 'GET /orders/{id}' } });
}

function refused(order, token, headers) {
  accepted.add(ask(order, 401, headers).status === 200, { token });
}

// revoke is the user's, at auth itself, which no fault is on the way to.
function revoke(token) {
  if (token) {
    const params = { headers: trusted, tags: { name: 'POST /revoke' } };
    check(http.post(`${auth}/revoke`, { token }, params), { 'a token is revoked': (it) => it.status === 200 });
  }
}

// forged is what somebody might try who has a token of his own, and the keys that are public.
function forged(r, tokens) {
  const [head, body, signature] = tokens.good[0].split('.');
  const admin = encode(Object.assign(JSON.parse(encoding.b64decode(body, 'rawurl', 's')), { sub: 'admin' }));
  const signedBy = (alg, kid) => `${encode({ alg, kid })}.${admin}`;
  const mixed = signedBy('HS256', tokens.kid);
  const tries = [
    `${head}.${admin}.${signature}`, // a signature of something else
    `${signedBy('none', tokens.kid)}.`, // none
    `${signedBy('EdDSA', 'somebody')}.${signature}`, // of a key that nobody knows
    `${mixed}.${crypto.hmac('sha256', encoding.b64decode(tokens.key, 'rawurl'), mixed, 'base64rawurl')}`, // by the public key, as if it were a secret
    tokens.ended,
  ];
  const i = r.int(0, tries.length);
  return i < tries.length ? { Authorization: `Bearer ${tries[i]}` } : { 'X-User': 'admin' }; // what services believe among themselves
}

function encode(value) {
  return encoding.b64encode(JSON.stringify(value), 'rawurl');
}

// seconds reads a duration such as 1m15s.
function seconds(text) {
  const unit = { h: 3600, m: 60, s: 1, ms: 1e-3 };
  return Array.from(text.matchAll(/([\d.]+)(ms|[hms])/g)).reduce((sum, [, n, u]) => sum + n * unit[u], 0);
}
