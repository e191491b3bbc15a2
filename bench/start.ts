import { spawnSync } from 'node:child_process';
import { cpus } from 'node:os';
import { join } from 'node:path';

/** What starting costs, against `node -e 0` side by side: `npm run build && npm run bench -- start`. Aims: version 1.4, help 2.2. */
declare const BENCH_FOLDER: string;

const RUNS = 41;
const command = join(BENCH_FOLDER, '../dist/vasatrust.cjs');
const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;
const candidates = {
  'node -e 0': ['-e', '0'],
  'vasatrust --version': [command, '--version'],
  'vasatrust --help': [command, '--help'],
};

/** Round robin, so that whatever else the machine does meets all of them alike. */
const times = new Map<string, number[]>(Object.keys(candidates).map((name) => [name, []]));
for (let round = 0; round < RUNS; round++) {
  for (const [name, args] of Object.entries(candidates)) {
    const began = process.hrtime.bigint();
    const { status } = spawnSync(process.execPath, args, { env, stdio: 'ignore' });
    if (status !== 0) throw new Error(`${name} ended with ${status}`);
    times.get(name)?.push(Number(process.hrtime.bigint() - began) / 1e6);
  }
}

const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
const base = median(times.get('node -e 0') ?? []);
console.log(
  `${new Date().toISOString().slice(0, 10)}, Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}, median of ${RUNS}`,
);
for (const [name, values] of times)
  console.log(`${name.padEnd(22)}${median(values).toFixed(1).padStart(7)} ms   ${(median(values) / base).toFixed(2)} x`);
