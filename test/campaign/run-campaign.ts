import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { planStory, type StoryPlan } from './fault-plan.js';
import { playStory } from './story.js';
import { VARIANTS } from './worlds.js';

interface Share {
  readonly first: number;
  readonly last: number;
  readonly step: number;
  readonly variant: number | undefined;
}

interface Broken {
  readonly seed: number;
  readonly broken: readonly string[];
}

type Message = { readonly played: number } | { readonly found: Broken };

/** @param file this module, bundled: its workers run it again */
export async function main(args: readonly string[], file: string): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seeds: { type: 'string', default: '1000' },
      from: { type: 'string', default: '1' },
      seed: { type: 'string' },
      variant: { type: 'string' },
      workers: { type: 'string', default: String(Math.min(4, Math.max(1, cpus().length))) },
    },
  });
  if (values.seed !== undefined) return replay(Number(values.seed), variantOf(values.variant));
  const [count, from, workers] = [values.seeds, values.from, values.workers].map(Number) as [number, number, number];
  const variant = variantOf(values.variant);
  const started = performance.now();
  const broken: Broken[] = [];
  let played = 0;
  let told = 0;
  const shares = Array.from(
    { length: workers },
    (_, index): Share => ({ first: from + index, last: from + count - 1, step: workers, variant }),
  );
  await Promise.all(
    shares.map(
      (share) =>
        new Promise<void>((resolve, reject) => {
          const worker = new Worker(file, { workerData: share });
          worker.on('message', (message: Message) => {
            if ('found' in message) {
              broken.push(message.found);
              process.stdout.write(`seed ${message.found.seed}: ${message.found.broken.join('\n  ')}\n`);
            } else played += message.played;
            if (played - told < 1_000) return;
            told = played;
            process.stderr.write(`${played} of ${count} seeds, ${broken.length} with a broken promise\n`);
          });
          worker.on('error', reject);
          worker.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`a worker ended with ${code}`))));
        }),
    ),
  );
  const seconds = Math.round((performance.now() - started) / 1_000);
  if (broken.length === 0) process.stdout.write(`${played} seeds, no broken promise (${seconds} s)\n`);
  else {
    const seeds = broken.map(({ seed }) => seed).sort((a, b) => a - b);
    process.stdout.write(
      `${played} seeds, a promise broken in ${broken.length} of them (${seconds} s): ${seeds.slice(0, 50).join(' ')}\n`,
    );
    process.stdout.write('Play one again with: npm run campaign -- --seed N\n');
  }
  return broken.length === 0 ? 0 : 1;
}

const variantOf = (text: string | undefined): number | undefined => (text === undefined ? undefined : Number(text));

/** A variant of one's own choice, where only one is looked at. */
function planFor(seed: number, variant: number | undefined): StoryPlan {
  const plan = planStory(seed, VARIANTS.length);
  return variant === undefined ? plan : { ...plan, variant };
}

async function replay(seed: number, variant: number | undefined): Promise<number> {
  const plan = planFor(seed, variant);
  process.stdout.write(`${JSON.stringify(plan, null, 1)}\n`);
  const end = await playStory(plan, { verbose: true });
  process.stdout.write(
    `${end.trace.join('\n')}\n\njournal\n${end.journal
      .slice(1)
      .map((line) => JSON.stringify(line))
      .join('\n')}\n\n`,
  );
  process.stdout.write(`${end.sessions.join('\n')}\n`);
  process.stdout.write(end.broken.length === 0 ? 'no broken promise\n' : `broken:\n  ${end.broken.join('\n  ')}\n`);
  return end.broken.length === 0 ? 0 : 1;
}

async function work({ first, last, step, variant }: Share): Promise<void> {
  for (let seed = first; seed <= last; seed += step) {
    const { broken } = await playStory(planFor(seed, variant));
    if (broken.length > 0) parentPort?.postMessage({ found: { seed, broken } } satisfies Message);
    parentPort?.postMessage({ played: 1 } satisfies Message);
  }
}

if (!isMainThread && workerData !== null && typeof workerData === 'object' && 'first' in workerData)
  await work(workerData as Share);
