import { expect, test } from 'vitest';
import { collectEstate } from '../../src/collect/collect-estate.js';
import { type RunningLab, startLab } from '../../src/lab/start-lab.js';
import { collectDeps, configOf } from '../support/audit-lab.js';

/** Sessions that a vCenter still holds: answered logins less logouts, for vim25 and REST apart. */
function openSessions({ record }: RunningLab): Record<'vim' | 'rest', number> {
  const count = (what: RegExp) =>
    record.filter((one) => what.test(`${one.kind} ${one.what}`) && !/fault|401/i.test(one.outcome)).length;
  return {
    vim: count(/^vim Login$/) - count(/^vim Logout$/),
    rest: count(/^rest POST \/\S*session$/) - count(/^rest DELETE \/\S*session$/),
  };
}

for (const { name, after } of [
  { name: 'before anything was asked', after: 0 },
  { name: 'while logins are under way', after: 6 },
  { name: 'while everything is read', after: 11 },
  { name: 'while providers are looked at', after: 22 },
])
  test(`an audit stopped ${name} ends at once and leaves no session open`, async () => {
    const lab = await startLab('linked-mode', { latencyMs: 60 });
    try {
      const stop = new AbortController();
      let events = 0;
      let stoppedAt = after === 0 ? Date.now() : Number.NaN;
      if (after === 0) stop.abort();
      const progress = () => {
        if (++events !== after) return;
        stoppedAt = Date.now();
        stop.abort();
      };
      const bundle = await collectEstate(await configOf(lab), collectDeps(lab, { progress, signal: stop.signal }));
      expect(Date.now() - stoppedAt).toBeLessThan(2_000);
      expect(openSessions(lab)).toEqual({ vim: 0, rest: 0 });
      const unseen = bundle.vcenters.map(({ registrations }) => registrations).filter(({ state }) => state === 'unknown');
      if (after < 20)
        expect(unseen).toMatchObject([{ problem: { code: 'not-attempted' } }, { problem: { code: 'not-attempted' } }]);
      else expect(lab.record.some(({ kind, what }) => kind === 'vim' && what === 'Login')).toBe(true);
    } finally {
      await lab.close();
    }
  });
