// The load on the forum: one page an iteration, 70 posts with 28 comments each, beginning anywhere. Where it begins depends on
// the run's seed and the number of the iteration alone.
import http from 'k6/http';
import { check } from 'k6';
import brunt from 'k6/x/brunt';

const posts = 2000; // that the data set made
const query = `query Page($after: Int) {
  posts(first: 70, after: $after) {
    title
    author { name }
    comments(first: 28) { text author { name } }
  }
}`;

export const options = {
  scenarios: {
    pages: {
      executor: 'brunt-arrival',
      startRate: 1,
      stages: [{ duration: '60s', target: 10 }, { duration: '60s', target: 10 }],
      maxVUs: 50, // pages under way at once; those that are due meanwhile wait, and their time counts from when they were due
      gracefulStop: '5s', // what is not answered by then has failed its reader long ago
    },
  },
};

export default function () {
  const after = brunt.rand().int(0, posts - 70);
  const page = http.post(`${__ENV.BASE_URL}/graphql`, JSON.stringify({ query, variables: { after } }), {
    headers: { 'Content-Type': 'application/json' },
    tags: { name: 'POST /graphql' },
  });
  check(page, {
    'page has no errors': (it) => it.status === 200 && it.json('errors') === undefined,
    'page has 70 posts': (it) => it.status === 200 && it.json('data.posts.#') === 70,
    'page is whole to its last author': (it) => it.status === 200 && typeof it.json('data.posts.69.comments.27.author.name') === 'string',
  });
}
