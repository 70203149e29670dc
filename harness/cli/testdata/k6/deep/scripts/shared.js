// Data read once for all VUs; files and modules by paths relative to the script, which is not where k6 was started.
import http from 'k6/http';
import { SharedArray } from 'k6/data';
import { check } from 'k6';
import { titleOf } from '../shared/titles.js';

const books = new SharedArray('books', () => JSON.parse(open('../../data/books.json')).books);
const banner = open('../shared/banner.bin', 'b');
const bad = __ENV.BAD === '1';

export const options = {
  vus: 3,
  iterations: 6,
  thresholds: { checks: [bad ? 'rate<0.5' : 'rate==1'], 'http_reqs{name:book}': ['count==6'] },
};

export default function () {
  const book = books[__ITER % books.length];
  const res = http.get(`${__ENV.URL}/books/${book.id}`, { tags: { name: 'book' } });
  check(res, {
    'the same book': (r) => r.json('id') === book.id,
    'the module was found': () => titleOf(book) === book.title.toUpperCase(),
    'the binary file was read': () => banner.byteLength === 5,
  });
}
