import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nearest } from '../../config/nearest.js';
import { findScenario, SCENARIOS } from '../../lab/scenarios/find-scenario.js';
import { startLab } from '../../lab/start-lab.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import type { GlobalOptions, Surroundings } from '../surroundings.js';
import { thisCommand } from '../this-command.js';

/**
 * Runs a scenario until Ctrl-C, which is how it is meant to end: exit code 0. What it wrote is removed with it.
 * The passwords it prints open nothing but this lab, and end with it.
 */
export async function labUpCommand(
  scenario: string,
  count: string | undefined,
  options: GlobalOptions,
  around: Surroundings,
): Promise<ExitCode> {
  if (count !== undefined && scenario !== 'estate-of') {
    const remedy = `Leave out the ${count}, or start estate-of ${count}.`;
    around.out.fail({ code: 'usage', summary: 'only the scenario estate-of takes a number', remedy });
    return EXIT.usage;
  }
  const name = count === undefined ? scenario : `${scenario}-${count}`;
  if (!findScenario(name)) {
    around.out.fail(unknownScenario(name));
    return EXIT.usage;
  }
  around.out.say(`starting the lab: ${name} …`);
  const lab = await startLab(name);
  const folder = await mkdtemp(join(tmpdir(), 'vasatrust-lab-'));
  try {
    const file = join(folder, 'estate.yaml');
    await writeFile(file, lab.estateYaml(), { mode: 0o600 });
    around.out.write(options.output === 'json' ? asJson(name, file, lab.env) : asText(name, file, lab.env));
    await ended(around.interrupted);
    return EXIT.clean;
  } finally {
    await lab.close();
    await rm(folder, { recursive: true, force: true });
  }
}

export function labListCommand(options: GlobalOptions, around: Surroundings): ExitCode {
  const rows = [
    ...SCENARIOS.map(({ name, about }) => ({ name, about })),
    { name: 'estate-of N', about: 'N vCenters in groups of four, each group fighting over one provider' },
  ];
  if (options.output === 'json') around.out.write(`${JSON.stringify({ formatVersion: 1, scenarios: rows }, null, 2)}\n`);
  else if (options.output === 'md') around.out.write(rows.map(({ name, about }) => `- \`${name}\`: ${about}\n`).join(''));
  else around.out.write(rows.map(({ name, about }) => `${name.padEnd(18)}${about}\n`).join(''));
  return EXIT.clean;
}

function asText(name: string, file: string, env: Readonly<Record<string, string>>): string {
  const command = thisCommand(process.argv, process.cwd());
  return [
    `The lab "${name}" is running. In another terminal:`,
    '',
    ...Object.entries(env).map(([key, value]) => `export ${key}=${shellWord(value)}`),
    `${command} audit --file ${shellWord(file)}`,
    '',
    `Every command takes that --file: ${command} cleanup VCENTER --all-stale --dry-run, say.`,
    'Waits are those of the product here: a cleanup that is carried out takes about five minutes.',
    'Ctrl-C ends the lab and removes its files.',
    '',
  ].join('\n');
}

function asJson(scenario: string, estate: string, env: Readonly<Record<string, string>>): string {
  return `${JSON.stringify({ formatVersion: 1, scenario, estate, env }, null, 2)}\n`;
}

function unknownScenario(name: string) {
  const close = nearest(
    name,
    SCENARIOS.map((scenario) => scenario.name),
  );
  const remedy = close ? `Did you mean ${close}?` : 'Run `vasatrust lab list` for what there is.';
  return { code: 'usage', summary: `there is no scenario ${name}`, remedy };
}

const shellWord = (text: string): string => (/^[\w./:@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

function ended(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    // The lab's sockets keep the process alive; nothing else has to.
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
