import type { DerBase64 } from '../model/ids.js';
import type { Result } from '../model/problem.js';
import type { HttpsClient } from './https.js';

/** The roots a vCenter offers for download without a login. */
export declare function readRootBundle(https: HttpsClient): Promise<Result<DerBase64[]>>;
