// Data for all VUs: SharedArray over open(), k6/experimental/csv and k6/experimental/fs.
import { SharedArray } from 'k6/data';
import exec from 'k6/execution';
import csv from 'k6/experimental/csv';
import { open as openFile, SeekMode } from 'k6/experimental/fs';
import { check } from 'k6';

const guests = new SharedArray('guests', () => JSON.parse(open('./lib/guests.json')));
const file = await openFile('lib/guests.csv');
const rows = await csv.parse(file, { skipFirstLine: true });

export const options = {
  scenarios: { each: { executor: 'per-vu-iterations', vus: 3, iterations: 2 } },
  thresholds: { checks: ['rate==1'], iterations: ['count==6'] },
};

export default async function () {
  const guest = guests[exec.scenario.iterationInTest % guests.length];
  check(guest, {
    'a guest has a table': (g) => g.table >= 1 && g.table <= 3,
    'the list is whole': () => guests.length === 3 && guests.map((g) => g.name).join() === 'anna,bruno,carla',
    'rows of CSV': () => rows.length === 3 && rows[2][0] === 'carla',
  });
  const buffer = new Uint8Array(4);
  await file.seek(0, SeekMode.Start);
  check(await file.read(buffer), { 'bytes of a file': (n) => n === 4 && String.fromCharCode(...buffer) === 'name' });
}
