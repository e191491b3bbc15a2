import { describe, test } from 'vitest';
import { planStory } from '../campaign/fault-plan.js';
import { SAFETIES } from '../campaign/safeties.js';
import { playStory } from '../campaign/story.js';
import { VARIANTS } from '../campaign/worlds.js';

const MOST_SEEDS = 2_000;

describe('a safety that is taken out is noticed', () => {
  test.each(SAFETIES.map((safety) => [safety.name, safety] as const))(
    '%s',
    async (_name, { without, among }) => {
      for (let seed = 1; seed <= MOST_SEEDS; seed += 1) {
        const plan = planStory(seed, VARIANTS.length);
        if (!among(plan)) continue;
        const { broken } = await playStory(plan, { sabotage: without });
        if (broken.length > 0) return;
      }
      throw new Error(`nothing was noticed in ${MOST_SEEDS} stories`);
    },
    1_800_000,
  );
});
