/** The library: what `vasatrust audit` does, as functions. Data flows one way: config → evidence → inventory → audit → text. */

export { loadBundle, saveBundle } from './collect/bundle-file.js';
export type { CollectDeps } from './collect/collect-context.js';
export { collectEstate } from './collect/collect-estate.js';
export type { ProgressEvent, ProgressListener } from './collect/progress.js';
export type * from './config/config.js';
export { loadConfig } from './config/load-config.js';
export { type ConfigMistake, mistakeText } from './config/mistake.js';
export { openSecrets, type Secrets } from './config/secrets.js';
export { CODES, type CodeEntry, findCodeEntry } from './findings/explain/codes.js';
export { judge, runRules } from './findings/run-rules.js';
export { buildInventory } from './inventory/build-inventory.js';
export type * from './model/certificate.js';
export type * from './model/evidence.js';
export type * from './model/finding.js';
export type * from './model/ids.js';
export type * from './model/inventory.js';
export type * from './model/problem.js';
export { DEFAULT_TIMING, type Timing } from './model/timing.js';
export { renderAudit } from './report/render-audit.js';
export { machineSshEnvironment, type SshEnvironment } from './wire/ssh-environment.js';
