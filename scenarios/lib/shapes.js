// Ready-made traffic patterns, as k6 scenarios on the executor brunt-arrival.
//
//   import { ramp } from './shapes.js';
//   export const options = { scenarios: { load: ramp({ rate: 100, duration: '2m' }) } };
//
// Each takes { rate, duration, vus, exec, env, tags } and all of them can be left out:
//   rate      iterations per second at the peak
//   duration  as k6 writes it ('1m30s', or milliseconds), without the warm-up
//   vus       the most VUs to use; all of them are set up before the load begins
//   exec, env, tags  as in any k6 scenario
//
//   smoke  5/s, 30s: a constant trickle, to see that everything works
//   ramp   100/s, 2m: from a tenth up to the peak for 40 % of the time, the peak for 40 %, down again for 20 %
//   soak   50/s, 30m: constant, to see what grows
//   spike  200/s, 2m: a fifth of the peak, suddenly the peak for a fifth of the time, and a fifth again

export function smoke(options) {
  return constant(options, 5, '30s');
}

export function ramp(options) {
  const { rate, length, common } = settle(options, 100, '2m');
  return Object.assign(common, {
    startRate: rate / 10,
    stages: [
      { duration: length * 0.4, target: rate },
      { duration: length * 0.4, target: rate },
      { duration: length * 0.2, target: rate / 10 },
    ],
  });
}

export function soak(options) {
  return constant(options, 50, '30m');
}

export function spike(options) {
  const { rate, length, common } = settle(options, 200, '2m');
  return Object.assign(common, {
    startRate: rate / 5,
    stages: [
      { duration: length * 0.4, target: rate / 5 },
      { duration: 0, target: rate },
      { duration: length * 0.2, target: rate },
      { duration: 0, target: rate / 5 },
      { duration: length * 0.4, target: rate / 5 },
    ],
  });
}

// shape is the shape of that name.
export function shape(name, options) {
  const known = { smoke, ramp, soak, spike };
  if (!Object.keys(known).includes(name)) {
    throw new Error(`unknown shape ${name}: there are ${Object.keys(known).join(', ')}`);
  }
  return known[name](options);
}

// scaled is a copy of k6 options whose scenarios take that many times as long. Rates, numbers of iterations and graceful
// stops stay as they are.
export function scaled(options, scale) {
  if (scale === 1 || !options) {
    return options;
  }
  const copy = stretch(options, scale);
  if (options.scenarios) {
    copy.scenarios = {};
    for (const name of Object.keys(options.scenarios)) {
      copy.scenarios[name] = stretch(options.scenarios[name], scale);
    }
  }
  return copy;
}

// milliseconds reads a duration of k6: a number is milliseconds, a text has units from d to ns.
export function milliseconds(duration) {
  if (typeof duration === 'number') {
    return duration;
  }
  const unit = { d: 86400e3, h: 3600e3, m: 60e3, s: 1e3, ms: 1, us: 1e-3, 'µs': 1e-3, ns: 1e-6 };
  const text = String(duration);
  let total = 0;
  const rest = text.replace(/(\d+(?:\.\d*)?|\.\d+)(ms|us|µs|ns|d|h|m|s)/g, (_, number, name) => {
    total += Number(number) * unit[name];
    return '';
  });
  if (rest !== '' || text === '') {
    throw new Error(`${text} is not a duration: write 30s or 1m30s`);
  }
  return total;
}

function constant(options, rate, duration) {
  const settled = settle(options, rate, duration);
  return Object.assign(settled.common, { rate: settled.rate, duration: settled.length });
}

// settle fills in what was left out.
function settle(options, rate, duration) {
  const given = options || {};
  const common = { executor: 'brunt-arrival' };
  if (given.vus) {
    common.maxVUs = given.vus;
  }
  for (const key of ['exec', 'env', 'tags']) {
    if (given[key] !== undefined) {
      common[key] = given[key];
    }
  }
  return { rate: given.rate || rate, length: milliseconds(given.duration || duration), common };
}

function stretch(timed, scale) {
  const copy = Object.assign({}, timed);
  const longer = (d) => Math.round(milliseconds(d) * scale * 1e3) / 1e3;
  for (const key of ['startTime', 'maxDuration', 'duration', 'warmup']) {
    if (copy[key] !== undefined && copy[key] !== null) {
      copy[key] = longer(copy[key]);
    }
  }
  // k6 takes no scenario shorter than a second.
  for (const key of ['maxDuration', 'duration']) {
    if (copy[key] !== undefined && copy[key] !== null && milliseconds(timed[key]) >= 1000) {
      copy[key] = Math.max(1000, copy[key]);
    }
  }
  if (copy.stages) {
    copy.stages = copy.stages.map((stage) => Object.assign({}, stage, { duration: longer(stage.duration) }));
  }
  return copy;
}
