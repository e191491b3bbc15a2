import { resolve } from 'node:path';
import { loadBundle } from '../collect/bundle-file.js';
import type { Config } from '../config/config.js';
import { loadConfig } from '../config/load-config.js';
import { type ConfigMistake, mistakeText } from '../config/mistake.js';
import type { EvidenceBundle } from '../model/evidence.js';
import { err, ok, type Result } from '../model/problem.js';
import { failureOf } from './failure.js';
import { lookAtEstate } from './look.js';
import type { GlobalOptions, Surroundings } from './surroundings.js';
import type { Failure } from './terminal.js';

export { failureOf };

export interface EvidenceOptions extends GlobalOptions {
  /** Saved evidence; missing: look now. */
  readonly evidence?: string;
}

/**
 * Evidence to judge or plan from: a saved file, else what is seen now. The failure is a mistake of usage.
 * @param change what this look needs beyond estate.yaml
 */
export async function evidenceFor(
  options: EvidenceOptions,
  around: Surroundings,
  change: (config: Config) => Config = (config) => config,
): Promise<Result<EvidenceBundle, Failure>> {
  if (options.evidence !== undefined) {
    const loaded = await loadBundle(resolve(around.cwd, options.evidence));
    if (!loaded.ok) return err(failureOf(loaded.error));
    around.out.say(`judging what was seen until ${loaded.value.finishedAt}; nothing is contacted`);
    return loaded;
  }
  const config = await loadConfig(options.file, around.env, around.cwd);
  if (!config.ok) return err(mistakesFailure(config.error));
  return ok(await lookAtEstate(change(config.value), options.progress, around));
}

export function mistakesFailure(mistakes: readonly ConfigMistake[]): Failure {
  const count = `${mistakes.length} mistake${mistakes.length === 1 ? '' : 's'}`;
  const where = mistakes.find((mistake) => mistake.file !== undefined)?.file ?? 'the environment';
  return {
    code: 'config-invalid',
    summary: `${count} in ${where}`,
    remedy: 'Correct what is listed; the examples that come with vasatrust show every key.',
    details: mistakes.map(({ file, ...mistake }) => ({ ...(file !== undefined && { file }), ...mistake })),
    lines: [`${count} in ${where}`, ...mistakes.flatMap((mistake) => mistakeText(mistake).split('\n'))],
  };
}
