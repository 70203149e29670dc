// CommonJS, without system tags but for one.
const http = require('k6/http');
const { check } = require('k6');

module.exports.options = {
  vus: 2,
  iterations: 4,
  systemTags: ['status'],
  thresholds: { 'http_reqs{status:200}': [__ENV.BAD === '1' ? 'count>4' : 'count==4'], checks: ['rate==1'] },
};

module.exports.default = function () {
  check(http.get(`${__ENV.URL}/books`), { ok: (r) => r.json().books.length === 2 });
};
