import { spawnSync } from 'node:child_process';
import type { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { buildProgram } from '../../src/cli/program.js';
import type { Inventory } from '../../src/model/inventory.js';
import { renderPlan } from '../../src/report/render-plan.js';
import { NOW } from '../support/inventory.js';
import { CLASH, estate, hostileEstate, planOf } from '../support/plan-estates.js';
import { missingSystemParts } from '../support/system.js';

const shellBlocks = (inventory: Inventory): string[] => {
  const runbook = renderPlan(planOf(inventory), 'md', NOW, { planFile: "it's a plan.json" });
  return [...runbook.matchAll(/```sh\n([\s\S]*?)\n```/g)].map(([, text]) => text ?? '');
};

/** Has the command line take the words, without doing anything; the command they lead to. */
function parse(words: readonly string[]): string {
  let found = '';
  const nobody = { write: () => {} };
  const program = buildProgram({} as never, { stdout: nobody, stderr: nobody }, () => {});
  const disarm = (command: Command, path: readonly string[]): void => {
    if (command.commands.length === 0)
      command.action(() => {
        found = path.join(' ');
      });
    command.exitOverride();
    for (const one of command.commands) disarm(one, [...path, one.name()]);
  };
  disarm(program, []);
  program.parse([...words], { from: 'user' });
  return found;
}

describe.skipIf(missingSystemParts('bash'))('the shell commands of a runbook', () => {
  test('can be pasted: bash reads each block', () => {
    const blocks = shellBlocks(estate(CLASH));
    expect(blocks.length).toBeGreaterThan(20);
    for (const text of [...blocks, ...shellBlocks(hostileEstate())]) {
      const read = spawnSync('bash', ['-n'], { input: text, encoding: 'utf8' });
      expect(read.stderr).toBe('');
      expect(read.status).toBe(0);
    }
  });

  test('every vasatrust command is one that exists, with options that it has', () => {
    const lines = shellBlocks(estate(CLASH)).flatMap((text) => text.split('\n').filter((line) => line.startsWith('vasatrust ')));
    const used = new Set<string>();
    for (const line of lines) {
      const script = `vasatrust() { printf '%s\\0' "$@"; }; ${line}`;
      const words = spawnSync('bash', ['-c', script], { encoding: 'utf8' }).stdout.split('\0').slice(0, -1);
      used.add(parse(words));
    }
    expect([...used].sort()).toEqual(['audit', 'ca check', 'ca csr', 'ca import', 'check-registration', 'cleanup', 'plan check']);
  });

  test('run nothing that a name brought along', () => {
    const lines = shellBlocks(hostileEstate()).flatMap((text) => text.split('\n').filter((line) => line.includes('rm -rf')));
    expect(lines.length).toBeGreaterThan(3);
    for (const line of lines) {
      const script = `vasatrust() { printf '%s\\n' "$@"; }; rm() { echo RAN; }; reboot() { echo RAN; }; ${line}`;
      const ran = spawnSync('bash', ['-c', script], { encoding: 'utf8' });
      expect(ran.stdout).toContain('--');
      expect(ran.stdout).not.toContain('RAN');
    }
  });
});
