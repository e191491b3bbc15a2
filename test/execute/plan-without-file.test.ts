import { expect, test } from 'vitest';
import { runCleanup } from '../../src/execute/run-plan.js';
import type { RunMode } from '../../src/model/run.js';
import { DEFAULT_TIMING } from '../../src/model/timing.js';
import { openStage, RUN } from '../campaign/worlds.js';
import { MemoryJournal } from '../support/again-stage.js';
import { VirtualClock } from '../support/virtual-clock.js';

test.each(['run', 'resume'] as const)('a plan made without sms-config.xml is not carried out (%s)', async (mode: RunMode) => {
  const { clock, plan } = await openStage(0, (start) => new VirtualClock(start));
  const { exact: _, ...config } = plan.config;
  const said: string[] = [];
  const end = await clock.run(
    runCleanup({
      run: RUN,
      plan: { ...plan, config },
      journal: new MemoryJournal(),
      way: { label: 'vc65', open: () => Promise.reject(new Error('something was sent')) },
      clock,
      timing: DEFAULT_TIMING,
      operator: { mode, user: 'somebody', host: 'here', pid: 1, madeBy: 'test' },
      say: (text) => said.push(text),
      interrupted: new AbortController().signal,
      mode,
    }),
  );
  expect(end).toMatchObject({ result: 'taken-back', left: [], removed: [], problem: { code: 'file-unreadable' } });
  expect(said.join('\n')).toContain('sms-config.xml');
});
