/**
 * An SMS answer of 10 MB parsed and decoded into provider records: ours against Python's lxml with the same work, side by side in one
 * run. Every round is a new process, so that no warm code helps. The answer is the sample of a storage container query with its
 * provider repeated under other ids, half of them disconnected with a fault.
 * Run: node bench/run.mjs soap
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { derBytes } from '../src/model/ids.js';
import { decodeProviderInfo } from '../src/wire/sms-decode.js';
import { readAnswer } from '../src/wire/soap.js';
import { child, childrenNamed } from '../src/wire/xml.js';

declare const BENCH_FOLDER: string;

const BYTES = 10 * 1024 * 1024;
const ROUNDS = 7;
/** Debian's, with its python3-lxml. */
const PYTHON = process.env.PYTHON ?? '/usr/bin/python3';

function write(path: string): void {
  const samples = join(BENCH_FOLDER, '..', 'test', 'fixtures', 'wire');
  const oneLine = (name: string): string => readFileSync(join(samples, `${name}.xml`), 'utf8').replace(/>\s+</g, '><');
  const answer = oneLine('resp-sms-QueryStorageContainer');
  const online = /<providerInfo .*<\/providerInfo>/s.exec(answer)?.[0] ?? '';
  const lost = /<returnval .*<\/returnval>/s.exec(oneLine('resp-sms-QueryProviderInfo-clash-disconnected'))?.[0] ?? '';
  const kinds = [online, lost.replaceAll('returnval', 'providerInfo')];
  const providers: string[] = [];
  for (let size = answer.length; size < BYTES; ) {
    const one = (kinds[providers.length % 2] ?? '').replace('<uid>', `<uid>${providers.length}-`);
    providers.push(one);
    size += one.length;
  }
  writeFileSync(path, answer.replace(online, providers.join('')));
}

/** One round of ours; prints seconds, providers, a checksum. */
function measure(path: string): void {
  const body = readFileSync(path);
  const started = performance.now();
  const answer = readAnswer({ status: 200, headers: {}, body }, { method: 'QueryStorageContainer', path: '/sms/sdk' }, 'bench');
  if (!answer.ok) throw new Error(answer.error.problem.summary);
  const parsed = performance.now();
  let [count, checksum] = [0, 0];
  for (const info of childrenNamed(child(answer.value.response, 'returnval'), 'providerInfo')) {
    const record = decodeProviderInfo({ type: 'VasaProvider', value: 'x' }, info);
    if (!record.ok || record.value?.certificate === undefined) throw new Error('a provider was not decoded');
    count += 1;
    checksum += record.value.uid.length + derBytes(record.value.certificate).length;
  }
  const done = performance.now();
  console.log((done - started) / 1000, (parsed - started) / 1000, count, checksum, process.memoryUsage().rss);
}

interface Round {
  readonly total: number;
  readonly parse: number;
  readonly result: string;
  readonly rss: number;
}

function round(command: string, args: string[]): Round {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  const [total = 0, parse = 0, count = 0, checksum = 0, rss = 0] = stdout.trim().split(' ').map(Number);
  return { total, parse, result: `${count} providers, checksum ${checksum}`, rss };
}

function compare(): void {
  const folder = mkdtempSync(join(tmpdir(), 'vasatrust-bench-'));
  const path = join(folder, 'answer.xml');
  try {
    write(path);
    const ours: Round[] = [];
    const python: Round[] = [];
    for (let i = 0; i < ROUNDS; i++) {
      ours.push(round(process.execPath, [process.argv[1] as string, path]));
      python.push(round(PYTHON, [join(BENCH_FOLDER, 'soap.py'), path]));
    }
    const results = new Set([...ours, ...python].map((one) => one.result));
    if (results.size !== 1) throw new Error(`the two disagree: ${[...results].join(' / ')}`);
    const median = (values: number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;
    const line = (name: string, rounds: Round[]): number => {
      const [total, parse] = [median(rounds.map((one) => one.total)), median(rounds.map((one) => one.parse))];
      const all = rounds.map((one) => one.total.toFixed(3)).join(' ');
      console.log(`${name.padEnd(12)} ${total.toFixed(3)} s, of it parsing ${parse.toFixed(3)} s  (${all})`);
      return total;
    };
    console.log(`${[...results][0]}, ${readFileSync(path).length} bytes, median of ${ROUNDS} rounds`);
    const [a, b] = [line('vasatrust', ours), line('python lxml', python)];
    console.log(`memory of ours after it: ${Math.round(median(ours.map((one) => one.rss)) / 1048576)} MiB`);
    console.log(`speed ratio  ${(b / a).toFixed(2)} (aim: at least 0.4)`);
    if (b / a < 0.4) process.exitCode = 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const given = process.argv[2];
if (given === undefined) compare();
else measure(given);
