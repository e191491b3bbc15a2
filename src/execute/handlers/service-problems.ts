import type { Problem } from '../../model/problem.js';

export const notStartedAnew = (target: string, pid: number): Problem => ({
  code: 'changed-meanwhile',
  target,
  summary: `SPS on ${target} is still process ${pid}, which has not read the changed file`,
  remedy: 'Somebody else may have started it. Begin anew.',
  retry: 'later',
});
