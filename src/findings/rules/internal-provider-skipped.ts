import { defineRule } from '../rule.js';
import { isExternal, subjectsByVcenter } from '../subjects.js';

/** IO-filter and vSAN providers are left out of every judgement; this says so, once per vCenter. */
export const internalProviderSkipped = defineRule({
  code: 'internal-provider-skipped',
  subjects: (inventory) =>
    [...subjectsByVcenter(inventory)].map(([id, subjects]) => ({
      id,
      registered: subjects.length,
      skipped: subjects.filter((subject) => !isExternal(subject)).map(({ registration }) => registration),
    })),
  about: ({ id }) => ({ vcenter: id }),
  applies: ({ registered }) => registered > 0,
  check({ id, skipped }) {
    if (skipped.length === 0) return [];
    return [
      {
        code: 'internal-provider-skipped',
        vcenter: id,
        count: skipped.length,
        names: [...new Set(skipped.map(({ name }) => name))].sort(),
        basis: skipped.some(({ categoryBasis }) => categoryBasis === 'inferred') ? 'inferred' : 'category',
      },
    ];
  },
});
