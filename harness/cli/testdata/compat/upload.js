// Files in a form: several parts, with their own names and types.
import http from 'k6/http';
import crypto from 'k6/crypto';
import { check } from 'k6';

const picture = open('./lib/slice.bin', 'b');
const recipe = open('./lib/recipe.txt');

export const options = { iterations: 3, thresholds: { checks: ['rate==1'], http_reqs: ['count==6'], data_sent: ['count>3000'] } };

export default function () {
  const res = http.post(`${__ENV.URL}/upload`, {
    title: 'dough',
    picture: http.file(picture, 'slice.bin'),
    recipe: http.file(recipe, 'recipe.txt', 'text/x-recipe'),
  });
  const part = (name) => res.json('parts').find((p) => p.name === name);
  check(res, {
    'a field': () => part('title').size === 5 && part('title').file === '',
    'a file': () => part('picture').file === 'slice.bin' && part('picture').type === 'application/octet-stream',
    'as it was': () => part('picture').md5 === crypto.md5(picture, 'hex') && part('picture').size === picture.byteLength,
    'a type of its own': () => part('recipe').type === 'text/x-recipe',
  });
  check(http.post(`${__ENV.URL}/echo`, picture), { 'bytes as a body': (r) => r.json('headers.Content-Length') === String(picture.byteLength) });
}
