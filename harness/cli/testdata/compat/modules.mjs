// Modules: ECMAScript and CommonJS, one importing the other, and a file beside each.
import dough, { flour } from './lib/dough.mjs';
import * as all from './lib/dough.mjs';
import { check } from 'k6';

const { sauce } = require('./lib/sauce.cjs');

export const options = { iterations: 2, thresholds: { checks: ['rate==1'] } };

export default function () {
  check(null, {
    'a default export': () => dough(300) === 800,
    'all of a module': () => all.flour === flour && typeof all.default === 'function',
    'CommonJS': () => sauce.of === 'tomato' && sauce.recipe.startsWith('Flour'),
    'where it stands': () => import.meta.resolve('./lib/dough.mjs').endsWith('/lib/dough.mjs'),
  });
}
