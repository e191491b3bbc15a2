import type { Problem } from '../model/problem.js';
import type { Failure } from './terminal.js';

/** What a command tells of a problem that ends it. */
export const failureOf = ({ code, summary, remedy }: Problem): Failure => ({ code, summary, remedy });
