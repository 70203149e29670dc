// TypeScript as it is: types, generics, enums, a module of the same, and nothing compiled beforehand.
import http, { type RefinedResponse } from 'k6/http';
import type { Options } from 'k6/options';
import { check } from 'k6';
import { cheapest, Size, type Pizza } from './lib/menu.ts';

export const options: Options = {
  vus: 1,
  iterations: 3,
  thresholds: { checks: ['rate==1'], http_reqs: ['count==3'] },
};

class Waiter {
  constructor(private readonly base: string, readonly size: Size = Size.Large) {}

  menu(): Pizza[] {
    const res: RefinedResponse<'text'> = http.get(`${this.base}/pizzas`, { responseType: 'text' });
    return res.json('pizzas') as unknown as Pizza[];
  }
}

export default function (): void {
  const waiter = new Waiter(__ENV.URL as string);
  const list = waiter.menu();
  check<Pizza[]>(list, {
    'the cheapest is found': (l) => cheapest(l)?.id === 1,
    'an enum has values': () => waiter.size === Size.Large && Size.Small === ('small' as Size),
    'nothing at all': (l) => (l[9]?.name ?? 'none') === 'none',
  });
}
