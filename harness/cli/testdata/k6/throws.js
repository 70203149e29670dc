// An iteration that throws: k6 logs it and goes on, so that the test passes.
import http from 'k6/http';
import { check, fail, group } from 'k6';

export const options = { iterations: 4, thresholds: { http_reqs: [__ENV.BAD === '1' ? 'count>100' : 'count>=4'] } };

export default function () {
  const res = http.get(`${__ENV.URL}/missing`);
  if (once() && !check(res, { 'is there': (r) => r.status === 200 })) {
    switch (__ENV.HOW) {
      case 'fail':
        fail('it is not there');
        break;
      case 'group':
        group('inner', () => nobody.knows(res));
        break;
      case 'string':
        throw 'a string';
      default:
        nobody.knows(res);
    }
  }
}

// Only one of the four iterations throws.
function once() {
  return __ITER === 2;
}
