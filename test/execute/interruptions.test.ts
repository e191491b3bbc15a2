import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { type Played, playInterruptions } from '../campaign/interruptions.js';
import { renderInterruptions } from '../campaign/interruptions-page.js';
import { openSshWay } from '../support/ssh-way.js';

const PATIENCE_MS = 600_000;

async function played(shell: 'bash' | 'appliancesh'): Promise<Played> {
  return playInterruptions({
    prepare: ({ vcenter }) => {
      vcenter.appliance.shell = shell;
    },
    openWay: ({ world, vcenter }, clock) => openSshWay(world, vcenter, clock),
  });
}

describe.each(['bash', 'appliancesh'] as const)('a cleanup over SSH and %s, killed at every line of its journal', (shell) => {
  test(
    'ends as promised: gone on with, taken back, left alone, or rebooted; and the page says so',
    async () => {
      const { rows, broken } = await played(shell);
      expect(broken).toEqual([]);
      expect(rows.length).toBeGreaterThan(30);
      const page = await readFile(new URL('../../docs/interruptions.md', import.meta.url), 'utf8');
      expect(renderInterruptions(rows)).toBe(page);
    },
    PATIENCE_MS,
  );
});
