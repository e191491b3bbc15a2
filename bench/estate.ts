/**
 * How an audit scales with the estate, and what a slow link costs. The lab runs in a process of its own on the same machine, so that the
 * figures hold both; memory is the collecting process alone.
 *
 *   node bench/run.mjs estate 1000 sms|https|ssh    vCenters looked at per second, and the largest memory
 *   node bench/run.mjs estate latency               16 vCenters, 50 ms on every HTTPS answer: wall time against N round trips
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { collectEstate } from '../src/collect/collect-estate.js';
import type { Config } from '../src/config/config.js';
import { judge } from '../src/findings/run-rules.js';
import { buildInventory } from '../src/inventory/build-inventory.js';
import { startLab } from '../src/lab/start-lab.js';
import { openHttps } from '../src/wire/https.js';
import { openSms } from '../src/wire/sms-client.js';
import { connectVim } from '../src/wire/vim-client.js';
import { collectDeps, configOf, LAB_TIMING } from '../test/support/audit-lab.js';

/** Sequential round trips of the SOAP part: ServiceContent, Login, QueryStorageManager, QueryProvider, QueryProviderInfo, Logout. */
const ROUND_TRIPS = 6;
const LATENCY_MS = 50;

interface LabReady {
  readonly yaml: string;
  readonly env: Record<string, string>;
}

async function serve(count: string, withSsh: boolean, latencyMs: number): Promise<void> {
  const lab = await startLab(`estate-of ${count}`, { latencyMs, ...(withSsh ? {} : { withoutSsh: true as const }) });
  process.send?.({ yaml: lab.estateYaml(), env: lab.env } satisfies LabReady);
  process.once('disconnect', () => void lab.close().then(() => process.exit(0)));
}

async function withLab<T>(count: number, ssh: boolean, latencyMs: number, use: (lab: LabReady) => Promise<T>): Promise<T> {
  const child = fork(process.argv[1] ?? '', ['lab', String(count), ssh ? 'ssh' : 'none', String(latencyMs)]);
  try {
    const [ready] = (await once(child, 'message')) as [LabReady];
    return await use(ready);
  } finally {
    child.disconnect();
    await once(child, 'exit');
  }
}

function asLab({ yaml, env }: LabReady) {
  return { estateYaml: () => yaml, env };
}

async function measureScale(count: number, part: string): Promise<void> {
  await withLab(count, part === 'ssh', 0, async (ready) => {
    const config = await configOf(asLab(ready));
    const started = performance.now();
    const judged = part === 'sms' ? await smsOnly(config, ready.env) : await whole(config, ready);
    const seconds = (performance.now() - started) / 1000;
    const peakMb = Math.round(process.resourceUsage().maxRSS / 1024);
    console.log(
      `${count} vCenters, ${part}: ${seconds.toFixed(1)} s, ${(count / seconds).toFixed(0)}/s, largest memory ${peakMb} MB; ${judged}`,
    );
  });
}

async function whole(config: Config, ready: LabReady): Promise<string> {
  const bundle = await collectEstate(
    config,
    collectDeps(asLab(ready), { timing: { ...LAB_TIMING, sourceMs: 120_000, requestMs: 60_000 } }),
  );
  const collected = performance.now();
  const audit = judge(buildInventory(bundle), new Date(bundle.finishedAt));
  const gaps = audit.gaps.filter((gap) => gap.problem.code !== 'not-configured').length;
  return `${audit.findings.length} findings, ${gaps} gaps, judged in ${((performance.now() - collected) / 1000).toFixed(1)} s of it`;
}

/** Login, the registrations of every vCenter, logout: nothing else. */
async function smsOnly(config: Config, env: Readonly<Record<string, string>>): Promise<string> {
  let records = 0;
  const queue = [...config.vcenters];
  const worker = async (): Promise<void> => {
    for (let vcenter = queue.shift(); vcenter !== undefined; vcenter = queue.shift()) {
      if (vcenter.tls.kind !== 'fingerprint' || !('env' in vcenter.password)) throw new Error('not the lab');
      const { id: label, address, port, connectTo, username } = vcenter;
      const https = openHttps({ address, port, connectTo, label, trust: vcenter.tls });
      const { session } = await connectVim(https, { username, password: env[vcenter.password.env] ?? '', verdict: {} }, label);
      if (!session.ok) throw new Error(session.error.summary);
      const found = await openSms(https, session.value).queryRegistrations();
      if (!found.ok) throw new Error(found.error.summary);
      records += found.value.length;
      await session.value.logout();
      await https.close();
    }
  };
  await Promise.all(Array.from({ length: 64 }, worker));
  return `${records} registrations`;
}

async function measureLatency(): Promise<void> {
  await withLab(16, false, LATENCY_MS, async (ready) => {
    const config = await configOf(asLab(ready));
    await smsOnly(config, ready.env); // Connections and code warm up on a run that is not counted.
    const walls: number[] = [];
    for (let run = 0; run < 5; run++) {
      const started = performance.now();
      await smsOnly(config, ready.env);
      walls.push(performance.now() - started);
    }
    const median = walls.sort((a, b) => a - b)[2] ?? 0;
    const aim = ROUND_TRIPS * LATENCY_MS;
    console.log(
      `16 vCenters at ${LATENCY_MS} ms: ${median.toFixed(0)} ms (median of 5), ${(median / aim).toFixed(2)} x ${ROUND_TRIPS} round trips`,
    );
  });
}

if (process.argv[2] === 'lab') await serve(process.argv[3] ?? '1', process.argv[4] === 'ssh', Number(process.argv[5] ?? 0));
else if (process.argv[2] === 'latency') await measureLatency();
else await measureScale(Number(process.argv[2] ?? 1000), process.argv[3] ?? 'https');
