import { describe, expect, test } from 'vitest';
import { runCleanup } from '../../src/execute/run-plan.js';
import { DEFAULT_TIMING } from '../../src/model/timing.js';
import { openStage, RUN } from '../campaign/worlds.js';
import { MemoryJournal } from '../support/again-stage.js';
import { openMemoryWay } from '../support/memory-link.js';
import { VirtualClock } from '../support/virtual-clock.js';

/** Somebody else cleans up by hand at the same time: his reject route appears when the run wrote this line into its journal. */
async function withRouteAt(step: string) {
  const { clock, plan, world, vcenter } = await openStage(0, (start) => new VirtualClock(start));
  const [address] = plan.addresses;
  const line = `unreachable ${address?.address} proto static`;
  const journal = new MemoryJournal();
  const append = journal.append.bind(journal);
  journal.append = async (event) => {
    if (event.event === 'outcome' && event.action === 'apply' && event.step.startsWith(step)) vcenter.appliance.routes.push(line);
    await append(event);
  };
  const end = await clock.run(
    runCleanup({
      run: RUN,
      plan,
      journal,
      way: openMemoryWay(world, vcenter.id),
      clock,
      timing: DEFAULT_TIMING,
      operator: { mode: 'run', user: 'somebody', host: 'here', pid: 1, madeBy: 'test' },
      say: () => {},
      interrupted: new AbortController().signal,
      mode: 'run',
    }),
  );
  return { end, routes: vcenter.appliance.routes, line };
}

describe('a reject route that somebody else made after the plan', () => {
  test('is neither used nor removed: the run stops there and takes its own part back', async () => {
    const { end, routes, line } = await withRouteAt('lower-retry');
    expect(end).toMatchObject({ result: 'taken-back', left: [], problem: { code: 'changed-meanwhile' } });
    expect(end.problem?.summary).toContain(line);
    expect(routes).toEqual([line]);
  });
});
