// Metrics of the script's own, one of each type, with tags, and the statistics that each type has.
import { Counter, Gauge, Rate, Trend } from 'k6/metrics';

const bad = (__ENV.BAD || '').split(',');
const borrowed = new Counter('books_borrowed');
const shelf = new Gauge('shelf_size');
const late = new Rate('late_returns');
const reading = new Trend('reading_time', true);
const pages = new Trend('pages');

export const options = {
  iterations: 20,
  thresholds: {
    books_borrowed: [bad.includes('counter') ? 'count<60' : 'count==60', 'rate>0'],
    'books_borrowed{kind:novel}': ['count==40'],
    shelf_size: [bad.includes('gauge') ? 'value>100' : 'value==40'],
    late_returns: [bad.includes('rate') ? 'rate<0.1' : 'rate<0.5', 'rate>0.2'],
    'late_returns{kind:novel}': ['rate==0.25'],
    reading_time: ['avg<200', 'med<150', bad.includes('trend') ? 'p(90)<120' : 'p(90)<250', 'min>=10', 'max<=200'],
    pages: ['p(99.9)>950', 'p(0)<100', 'p(50)!=0'],
  },
};

export default function () {
  borrowed.add(2, { kind: 'novel' });
  borrowed.add(1, { kind: 'atlas' });
  shelf.add(100 - 3 * (__ITER + 1));
  late.add(__ITER % 4 === 0, { kind: 'novel' });
  reading.add(10 * (__ITER + 1));
  pages.add(50 * (__ITER + 1));
}
