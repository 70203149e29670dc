// Ready-made traffic patterns, as k6 scenarios on the executor brunt-arrival.
//
//   import { ramp } from 'k6/x/brunt';
//   export const options = { scenarios: { load: ramp({ rate: 100, duration: '2m' }) } };
//
// Each takes { rate, duration, vus, startTime, gracefulStop, exec, env, tags }, and all of them can be left out:
//   rate      iterations per second at the peak
//   duration  as k6 writes it ('1m30s', or milliseconds), without the warm-up
//   vus       the most VUs to use; all of them are set up before the load begins
//   startTime, gracefulStop, exec, env, tags  as in any k6 scenario
//
//   smoke       5/s, 30s: a constant trickle, to see that everything works
//   ramp        100/s, 2m: from a tenth up to the peak for 40 % of the time, the peak for 40 %, down again for 20 %
//   soak        50/s, 30m: constant, to see what grows
//   spike       200/s, 2m: a fifth of the peak, suddenly the peak for a fifth of the time, and a fifth again
//   breakpoint  500/s, 10m: raises the rate, step by step, until an SLO breaks
//
// breakpoint also takes
//   from    the rate that it begins with and that must hold; a tenth of rate, which is the most that it tries
//   factor  from one step to the next; 1.5
//   step    how long a rate is offered before it is judged; a twelfth of the duration, at most '20s' and at least '2s'
// Under `brunt run` the rates that come next depend on what held. Where k6 runs alone nobody judges: there the steps up to
// the peak share the duration evenly.

export function smoke(options) {
  return constant('smoke', options, { rate: 5, duration: '30s' });
}

export function ramp(options) {
  const { rate, length, common } = settle('ramp', options, { rate: 100, duration: '2m' });
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
  return constant('soak', options, { rate: 50, duration: '30m' });
}

export function spike(options) {
  const { rate, length, common } = settle('spike', options, { rate: 200, duration: '2m' });
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

export function breakpoint(options) {
  const { rate, length, common, given } = settle('breakpoint', options, { rate: 500, duration: '10m' });
  const from = given.from === undefined ? rate / 10 : number('breakpoint', 'from', given.from);
  const factor = given.factor === undefined ? 1.5 : number('breakpoint', 'factor', given.factor);
  const step = given.step === undefined ? Math.round(Math.min(20000, Math.max(2000, length / 12))) : time('breakpoint', 'step', given.step, 2000);
  if (from > rate) {
    throw new Error(`breakpoint: from is ${from}, more than rate, ${rate}, which is the most that is tried`);
  }
  if (!(factor > 1 && factor <= 10)) {
    throw new Error(`breakpoint: factor must be more than 1 and at most 10, but is ${factor}`);
  }
  if (length < 2 * step) {
    throw new Error(`breakpoint: the duration, ${length / 1000}s, must hold at least two steps of ${step / 1000}s: one that holds, and one that breaks`);
  }
  const rates = [from];
  for (let next = from * factor; next < rate; next *= factor) {
    rates.push(next);
  }
  if (rate > from) {
    rates.push(rate);
  }
  const share = Math.floor(length / rates.length); // whole milliseconds, or the sum would not be the duration
  const stages = [];
  rates.forEach((target, i) => {
    const last = i === rates.length - 1;
    stages.push({ duration: 0, target }, { duration: last ? length - share * i : share, target });
  });
  return Object.assign(common, { startRate: from, stages, search: { from, most: rate, factor, step } });
}

// shape is the shape of that name; scale stretches what is left to its default.
export function shape(name, options, scale) {
  const known = { smoke, ramp, soak, spike, breakpoint };
  if (!Object.keys(known).includes(name)) {
    throw new Error(`unknown shape ${name}: there are ${Object.keys(known).join(', ')}`);
  }
  return known[name](Object.assign({ scale }, options));
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

// turns lists whose iterations are made when so many are made one after another: for each the function and the environment of its
// scenario. Every scenario comes once, and then as often as it offers iterations at its peak against the others; where some say how
// many a second, and others how many VUs or iterations, all come equally often. Scenarios that only drive faults, one VU and
// one iteration beside others, are left out.
export function turns(scenarios, count) {
  const named = Object.values(scenarios || { only: {} });
  const drives = (s) => /-iterations$/.test(s.executor) && (s.vus || 1) === 1 && (s.iterations || 1) === 1;
  const taking = named.filter((s) => named.length === 1 || !drives(s));
  const offers = (taking.length > 0 ? taking : named).map((s) => Object.assign({ scenario: s, had: 0 }, offered(s)));
  const alike = offers.every((o) => o.kind === offers[0].kind && o.amount > 0);
  offers.forEach((o) => { o.weight = alike ? o.amount : 1; });
  const sum = offers.reduce((total, o) => total + o.weight, 0);
  const list = [];
  while (list.length < count) {
    let next = offers.find((o) => o.had === 0);
    if (!next) { // the one that is furthest behind
      const behind = (o) => (o.weight / sum) * (list.length + 1) - o.had;
      next = offers.reduce((most, o) => (behind(o) > behind(most) ? o : most));
    }
    next.had += 1;
    list.push({ exec: next.scenario.exec || 'default', env: next.scenario.env || {} });
  }
  return list;
}

// offered is how much a scenario offers at its peak, and of what kind that number is.
function offered(s) {
  const stages = (s.stages || []).map((stage) => Number(stage.target) || 0);
  if (/-arrival(-rate)?$/.test(s.executor)) {
    const peak = Math.max(Number(s.rate) || 0, Number(s.startRate) || 0, ...stages);
    return { kind: 'rate', amount: peak / milliseconds(s.timeUnit || '1s') };
  }
  const vus = Number(s.vus) || 1;
  if (s.executor === 'per-vu-iterations') {
    return { kind: 'iterations', amount: vus * (Number(s.iterations) || 1) };
  }
  if (s.executor === 'shared-iterations') {
    return { kind: 'iterations', amount: Number(s.iterations) || 1 };
  }
  return { kind: 'vus', amount: Math.max(Number(s.vus) || 0, Number(s.startVUs) || 0, ...stages) || 1 };
}

// milliseconds reads a duration of k6: a number is milliseconds, a text has units from d to ns.
function milliseconds(duration) {
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

function constant(name, options, defaults) {
  const settled = settle(name, options, defaults);
  return Object.assign(settled.common, { rate: settled.rate, duration: settled.length });
}

// settle checks what was given and fills in what was left out.
function settle(name, options, defaults) {
  const passed = ['startTime', 'gracefulStop', 'exec', 'env', 'tags'];
  const known = ['rate', 'duration', 'vus', ...passed, ...(name === 'breakpoint' ? ['from', 'factor', 'step'] : [])];
  const own = {};
  for (const key of Object.keys(options || {})) {
    if (!known.includes(key) && key !== 'scale') {
      throw new Error(`${name}: unknown option ${key}: there are ${known.join(', ')}`);
    }
    if (options[key] !== undefined && options[key] !== null) {
      own[key] = options[key];
    }
  }
  const given = Object.assign({}, defaults, own);
  const scale = own.scale || 1;
  if (own.duration === undefined) {
    given.duration = longer(given.duration, scale, shortest.duration);
  }
  const common = { executor: 'brunt-arrival' };
  if (given.vus !== undefined) {
    if (!Number.isInteger(given.vus) || given.vus < 1) {
      throw new Error(`${name}: vus must be a whole number, at least 1, but is ${JSON.stringify(given.vus)}`);
    }
    common.maxVUs = given.vus;
  }
  for (const key of passed) {
    if (given[key] !== undefined) {
      common[key] = given[key];
    }
  }
  return { rate: number(name, 'rate', given.rate), length: time(name, 'duration', given.duration, 1000), common, given };
}

function number(name, key, value) {
  if (typeof value !== 'number' || !(value > 0 && value < Infinity)) {
    throw new Error(`${name}: ${key} must be a number more than 0, but is ${JSON.stringify(value)}`);
  }
  return value;
}

function time(name, key, value, least) {
  let length;
  try {
    length = milliseconds(value);
  } catch (e) {
    throw new Error(`${name}: the ${key} ${e.message}`);
  }
  if (!(length >= least && length < Infinity)) {
    throw new Error(`${name}: the ${key} must be at least ${least / 1000}s, but is ${typeof value === 'number' ? `${value}ms` : value}`);
  }
  return length;
}

// k6 takes no scenario shorter than a second, and a step of less than two holds too little to be judged.
const shortest = { duration: 1000, maxDuration: 1000, step: 2000 };

// longer is a stretched duration, not pressed below least if it was longer before.
function longer(duration, scale, least) {
  const before = milliseconds(duration);
  const after = Math.round(before * scale * 1e3) / 1e3;
  return least && before >= least ? Math.max(least, after) : after;
}

function stretch(timed, scale) {
  const copy = Object.assign({}, timed);
  for (const key of ['startTime', 'maxDuration', 'duration', 'warmup']) {
    if (copy[key] !== undefined && copy[key] !== null) {
      copy[key] = longer(copy[key], scale, shortest[key]);
    }
  }
  if (copy.stages) {
    copy.stages = copy.stages.map((stage) => Object.assign({}, stage, { duration: longer(stage.duration, scale) }));
  }
  if (copy.search) {
    copy.search = Object.assign({}, copy.search, { step: longer(copy.search.step, scale, shortest.step) });
  }
  return copy;
}
