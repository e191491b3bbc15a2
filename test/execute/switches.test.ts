import { describe, expect, test } from 'vitest';
import type { SpsSwitches } from '../../src/lab/world.js';
import { playStory, type StoryEnd } from '../campaign/story.js';
import type { Variant } from '../campaign/worlds.js';

/** What nobody has proven about a removal; a cleanup has to come to a good end whichever it is. */
const OF_A_REMOVAL = {
  statusWhileRetrying: ['offline', 'unknown', 'online'],
  offlineGate: ['retry', 'restart', 'poll'],
  npeWhen: ['backup', 'active-with-backup', 'always'],
  npeShows: ['complete', 'fault'],
  npeWhenAllBlocked: ['gone', 'persists'],
} as const satisfies { readonly [Key in keyof SpsSwitches]?: readonly SpsSwitches[Key][] };

/** Every combination, as one object each. */
function everySetting(): Partial<SpsSwitches>[] {
  return Object.entries(OF_A_REMOVAL).reduce<Partial<SpsSwitches>[]>(
    (all, [name, settings]) => all.flatMap((one) => settings.map((setting) => ({ ...one, [name]: setting }))),
    [{}],
  );
}

/** What is seen before anything is removed, too. */
const SEEN: readonly (readonly [string, Partial<SpsSwitches>])[] = [
  ['an untrusted provider is shown offline', { statusOfUntrusted: 'offline' }],
  ['an untrusted provider is shown disconnected', { statusOfUntrusted: 'disconnected' }],
  ['the provider adds the roots of whoever registers', { rootsAtProvider: 'add' }],
  ['the retain flag is not sent', { retainFlag: 'absent' }],
  ['the retain flag is false', { retainFlag: 'false' }],
  ['the retain flag is what SMS was told', { retainFlag: 'as-told' }],
  ['references have no serverGuid', { serverGuid: 'absent' }],
];

const variant = (switches: Partial<SpsSwitches>, strategy: 'one-pass' | 'one-at-a-time', shell: Shell): Variant => ({
  name: `${strategy}, ${shell}`,
  switches,
  ...(strategy === 'one-at-a-time' ? { oneAtATime: true } : {}),
  prepare: ({ appliance }) => {
    appliance.shell = shell;
  },
});

type Shell = 'bash' | 'appliancesh';
const WAYS = [
  ['one-pass', 'bash'],
  ['one-pass', 'appliancesh'],
  ['one-at-a-time', 'bash'],
  ['one-at-a-time', 'appliancesh'],
] as const;

const undisturbed = (options: Parameters<typeof playStory>[1]): Promise<StoryEnd> =>
  playStory({ seed: 0, variant: 0, sessions: [{ mode: 'run', afterS: 0, faults: [] }] }, options);

describe.each(SEEN)('%s', (_name, seen) => {
  test.each(WAYS)('%s by %s removes both and leaves everything else as before', async (strategy, shell) => {
    const { broken, sessions, gone, trace } = await undisturbed({ variant: variant(seen, strategy, shell), verbose: true });
    expect(broken, trace.join('\n')).toEqual([]);
    expect([sessions, gone]).toEqual([['run: done'], 2]);
  });
});

describe.each([['offline'], ['disconnected']] as const)('an untrusted provider is shown %s', (statusOfUntrusted) => {
  // The shell carries commands, whatever SPS makes of them: each goes with one strategy.
  test.each([WAYS[0], WAYS[3]])(
    '%s by %s: under every setting of how SPS removes, both go and everything else is as before',
    async (strategy, shell) => {
      const base = variant({ statusOfUntrusted }, strategy, shell);
      const failed: string[] = [];
      for (const switches of everySetting()) {
        const prepare = ({ world }: { readonly world: { readonly switches: SpsSwitches } }) => {
          Object.assign(world.switches, switches);
        };
        const { broken, sessions, gone, journal } = await undisturbed({ variant: base, prepare });
        const plainly = journal.every((entry) => entry.event !== 'removed' || entry.how === 'plain');
        // Only the condition that needs an active one lets the plain removal through: of the inactive one, and then there is no backup.
        if (plainly !== (switches.npeWhen === 'active-with-backup'))
          failed.push(`${JSON.stringify(switches)}: ${plainly ? 'plain' : 'by the procedure'}`);
        if (broken.length > 0 || sessions[0] !== 'run: done' || gone !== 2)
          failed.push(`${JSON.stringify(switches)}: ${sessions[0]}, ${gone} gone; ${broken.join('; ')}`);
      }
      expect(failed).toEqual([]);
    },
  );
});

test('a provider whose certificate is retained is not stale: nothing is planned', async () => {
  await expect(undisturbed({ variant: variant({ retainFlag: 'true' }, 'one-pass', 'bash') })).rejects.toThrow('"nothing-stale"');
});
