import { describe, expect, test } from 'vitest';
import { planStory } from '../campaign/fault-plan.js';
import { playStory } from '../campaign/story.js';
import { VARIANTS } from '../campaign/worlds.js';

/** What CI plays; `npm run campaign -- --seeds 20000` plays more. */
const SEEDS = 1_000;

const play = (seed: number, options?: Parameters<typeof playStory>[1]) => playStory(planStory(seed, VARIANTS.length), options);

describe('stories of interrupted cleanups', () => {
  // In parts, so that a broken promise is told early.
  const part = 100;
  test.each(Array.from({ length: SEEDS / part }, (_, index) => index * part + 1))(
    'keep every promise, from seed %i on',
    async (first) => {
      const broken: string[] = [];
      for (let seed = first; seed < first + part; seed += 1) {
        for (const one of (await play(seed)).broken) broken.push(`npm run campaign -- --seed ${seed}: ${one}`);
      }
      expect(broken).toEqual([]);
    },
    1_800_000,
  );

  test('the same seed gives the same story', async () => {
    const [one, two] = [await play(17, { verbose: true }), await play(17, { verbose: true })];
    expect(two.sessions).toEqual(one.sessions);
    expect(two.trace.length).toBe(one.trace.length);
  });
});
