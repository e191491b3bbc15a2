import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { openSshWay } from '../support/ssh-way.js';
import { playInterruptions } from './interruptions.js';
import { renderInterruptions } from './interruptions-page.js';

/** Hundreds of whole runs over SSH. */
const PATIENCE_MS = 1_800_000;

/** A file of its own for each shell, so that both are played at the same time. */
export function checkInterruptions(shell: 'bash' | 'appliancesh'): void {
  test(
    `a cleanup over SSH and ${shell}, killed at every line of its journal, ends as promised: gone on with, taken back, left alone, or rebooted; and the page says so`,
    async () => {
      const { rows, broken } = await playInterruptions({
        prepare: ({ vcenter }) => {
          vcenter.appliance.shell = shell;
        },
        openWay: ({ world, vcenter }, clock) => openSshWay(world, vcenter, clock),
      });
      expect(broken).toEqual([]);
      expect(rows.length).toBeGreaterThan(30);
      const page = await readFile(new URL('../../docs/interruptions.md', import.meta.url), 'utf8');
      expect(renderInterruptions(rows)).toBe(page);
    },
    PATIENCE_MS,
  );
}
