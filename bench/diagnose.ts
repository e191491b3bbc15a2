/**
 * `vasatrust diagnose` beside Debian's ripgrep with the same literals (`rg -F -f`) over one log, plain and .gz, with sparse and with dense
 * hits: median of five runs each, taken in turn. `node bench/run.mjs diagnose [MiB, default 1024]`, after `npm run build`. Files go to a
 * temporary folder and are deleted.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LITERALS } from '../src/diagnose/catalogue.js';
import { healthyLog, SEED_BLOCK } from './diagnose-logs.js';

declare const BENCH_FOLDER: string;
const { bin } = JSON.parse(readFileSync(join(BENCH_FOLDER, '../package.json'), 'utf8')) as { bin: { vasatrust: string } };
const COMMAND = join(BENCH_FOLDER, '..', bin.vasatrust);
/** Tells the peak of memory on stderr when the command ends. */
const TELL_RSS = "data:text/javascript,process.on('exit',()=>process.stderr.write('RSS '+process.resourceUsage().maxRSS))";
const RUNS = 5;

const mebibytes = Number(process.argv[2] ?? 1024);
const folder = mkdtempSync(join(tmpdir(), 'vasatrust-bench-'));
try {
  const literals = join(folder, 'literals');
  writeFileSync(literals, `${LITERALS.join('\n')}\n`);
  console.log(`${LITERALS.length} literals, ${mebibytes} MiB, Node ${process.version}`);
  for (const [name, every] of [
    ['sparse', 64 * 1024 * 1024],
    ['dense', 16 * 1024],
  ] as const) {
    const log = join(folder, `${name}.log`);
    writeLog(log, mebibytes * 1024 * 1024, every);
    compare(`plain, ${name} (a removal every ${every / 1024} KiB)`, `rg -F -f ${literals} ${log}`, log);
    execFileSync('gzip', ['-1', log]);
    compare(`gz, ${name}`, `gzip -dc ${log}.gz | rg -F -f ${literals}`, `${log}.gz`);
    rmSync(`${log}.gz`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Healthy lines with the published block of a failed removal every so many bytes. */
function writeLog(path: string, bytes: number, every: number): void {
  const healthy = Buffer.from(healthyLog(4 * 1024 * 1024));
  const file = openSync(path, 'w');
  let written = 0;
  let untilNext = every;
  while (written < bytes) {
    for (let at = 0; at < healthy.length && written < bytes; ) {
      const end = Math.min(
        healthy.length,
        healthy.indexOf(10, Math.min(healthy.length - 1, at + untilNext)) + 1 || healthy.length,
      );
      writeSync(file, healthy, at, end - at);
      written += end - at;
      untilNext -= end - at;
      at = end;
      if (untilNext > 0) continue;
      written += writeSync(file, SEED_BLOCK);
      untilNext = every;
    }
  }
  closeSync(file);
}

function compare(what: string, shell: string, log: string): void {
  const theirs: number[] = [];
  const ours: number[] = [];
  let memory = 0;
  for (let run = 0; run <= RUNS; run += 1) {
    const their = timed(() => spawnSync('sh', ['-c', `${shell} > ${folder}/found`], { stdio: 'inherit' }));
    let stderr = '';
    const our = timed(() => {
      const args = ['--import', TELL_RSS, COMMAND, 'diagnose', log, '-o', 'json'];
      const done = spawnSync(process.execPath, args, {
        stdio: ['ignore', openSync(`${folder}/said`, 'w'), 'pipe'],
        encoding: 'utf8',
      });
      if (done.status !== 1 || !readFileSync(`${folder}/said`, 'utf8').includes('STALE_VP_NPE'))
        throw new Error(`exit ${done.status}: ${done.stderr}`);
      stderr = done.stderr;
    });
    // The first of each warms the page cache.
    if (run === 0) continue;
    theirs.push(their);
    ours.push(our);
    memory = Math.max(memory, Number(/RSS (\d+)/.exec(stderr)?.[1] ?? 0));
  }
  const [rg, vasatrust] = [median(theirs), median(ours)];
  const size = statSync(log).size / 1024 / 1024;
  console.log(
    `${what.padEnd(44)} ${size.toFixed(0).padStart(5)} MiB   rg ${rg.toFixed(0)} ms   vasatrust ${vasatrust.toFixed(0)} ms   ratio ${(vasatrust / rg).toFixed(2)}   peak ${(memory / 1024).toFixed(0)} MiB`,
  );
}

function timed(work: () => void): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
