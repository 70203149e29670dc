// Metrics of the script's own that bear the names of metrics that brunt measures itself under its own executor.
import { Counter, Gauge, Trend } from 'k6/metrics';

const bad = __ENV.BAD === '1';
const latency = new Trend('latency');
const offered = new Counter('offered');
const lateness = new Gauge('lateness');

export const options = {
  iterations: 4,
  thresholds: {
    latency: ['p(95)<10', 'avg>1'],
    'latency{kind:novel}': ['max>4'],
    'latency{kind:atlas}': ['max==0'],
    offered: ['count==12'],
    'offered{kind:novel}': [bad ? 'count<8' : 'count==8'],
    'offered{kind:atlas}': ['count==4'],
    lateness: ['value==3'],
    'lateness{kind:novel}': [bad ? 'value>3' : 'value==3'],
  },
};

export default function () {
  latency.add(5, { kind: 'novel' });
  offered.add(2, { kind: 'novel' });
  offered.add(1, { kind: 'atlas' });
  lateness.add(3, { kind: 'novel' });
}
