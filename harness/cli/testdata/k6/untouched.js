// Thresholds on metrics that are never added to, one of each type, with and without a selector.
import { Counter, Gauge, Rate, Trend } from 'k6/metrics';

new Counter('counted');
new Gauge('gauged');
new Rate('rated');
new Trend('measured');

export const options = { iterations: 2, thresholds: JSON.parse(__ENV.THRESHOLDS) };

export default function () {}
