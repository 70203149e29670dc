// Encodings, hashes, random bytes and the Web Crypto API.
import encoding from 'k6/encoding';
import k6crypto from 'k6/crypto';
import { check, randomSeed } from 'k6';

export const options = { iterations: 2, thresholds: { checks: ['rate==1'], iterations: ['count==2'] } };

const bytes = (text) => new Uint8Array([...text].map((c) => c.charCodeAt(0)));

export default async function () {
  check(encoding, {
    base64: (e) => e.b64encode('pizza?') === 'cGl6emE/' && e.b64decode('cGl6emE/', 'std', 's') === 'pizza?',
    'for URLs, without padding': (e) => e.b64encode('a?~', 'rawurl') === 'YT9-',
    'of bytes': (e) => new Uint8Array(e.b64decode('AQID'))[2] === 3,
  });
  const hasher = k6crypto.createHash('sha256');
  hasher.update('piz');
  hasher.update('za');
  const hmac = k6crypto.createHMAC('sha256', 'key');
  hmac.update('pizza');
  check(k6crypto, {
    md5: (c) => c.md5('pizza', 'hex') === '7cf2db5ec261a0fa27a502d3196a6f60',
    'a hash in parts': (c) => hasher.digest('hex') === c.sha256('pizza', 'hex'),
    'HMAC': (c) => hmac.digest('base64') === c.hmac('sha256', 'key', 'pizza', 'base64'),
    'random bytes': (c) => new Uint8Array(c.randomBytes(12)).length === 12,
  });
  randomSeed(7);
  const first = Math.random();
  randomSeed(7);
  check(first, { 'a seed repeats': (v) => v === Math.random() });

  const sum = await crypto.subtle.digest('SHA-256', bytes('pizza'));
  check(sum, { 'Web Crypto agrees': (s) => encoding.b64encode(s) === k6crypto.sha256('pizza', 'base64') });
  const key = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, true, ['encrypt', 'decrypt']);
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const secret = await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, key, bytes('recipe'));
  const plain = await crypto.subtle.decrypt({ name: 'AES-GCM', iv }, key, secret);
  check(plain, { 'what is encrypted comes back': (p) => String.fromCharCode(...new Uint8Array(p)) === 'recipe' });
  const signer = await crypto.subtle.importKey('raw', bytes('key'), { name: 'HMAC', hash: 'SHA-256' }, false, ['sign', 'verify']);
  const signature = await crypto.subtle.sign('HMAC', signer, bytes('pizza'));
  const genuine = await crypto.subtle.verify('HMAC', signer, signature, bytes('pizza'));
  check(genuine, { 'a signature holds': (v) => v, 'an id of its own': () => /^[0-9a-f-]{36}$/.test(crypto.randomUUID()) });
}
