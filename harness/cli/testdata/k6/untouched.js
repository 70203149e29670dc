// Thresholds on metrics that are never added to, one of each type, with and without a selector. THRESHOLD is one of them.
import { Counter, Gauge, Rate, Trend } from 'k6/metrics';

new Counter('counted');
new Gauge('gauged');
new Rate('rated');
new Trend('measured');

const [metric, bounds] = __ENV.THRESHOLD.split(' ');

export const options = { iterations: 2, thresholds: { [metric]: bounds.split('&') } };

export default function () {}
