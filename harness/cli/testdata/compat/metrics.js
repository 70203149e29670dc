// Metrics of one's own, of all four types.
import { Counter, Gauge, Rate, Trend } from 'k6/metrics';

const sold = new Counter('pizzas_sold');
const oven = new Gauge('oven_temperature');
const burnt = new Rate('burnt');
const waited = new Trend('waiting_guests', true);
const tips = new Trend('tips');

export const options = {
  vus: 1,
  iterations: 10,
  summaryTrendStats: ['avg', 'p(99.9)', 'count'],
  thresholds: {
    pizzas_sold: ['count==30', 'count>29.5'],
    oven_temperature: ['value==409'],
    burnt: ['rate==0.2'],
    waiting_guests: ['p(90)<=100', 'max==100', 'med<=60', 'avg>54', 'avg<56'],
    tips: ['min==-1', { threshold: 'max<9', abortOnFail: true, delayAbortEval: '10s' }],
    'tips{table:3}': ['avg==3'],
  },
};

export default function () {
  sold.add(3, { kind: 'margherita' });
  oven.add(400 + __ITER);
  burnt.add(__ITER % 5 === 0);
  waited.add((__ITER + 1) * 10);
  tips.add(__ITER - 1, { table: String(__ITER - 1) });
}
