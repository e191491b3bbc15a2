import { hostname, userInfo } from 'node:os';
import type { RunMode } from '../model/run.js';
import type { RunOperator } from './ports.js';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Whose process this is. Who became root by sudo is named with his own name, because that is whom others will ask.
 * @param madeBy `vasatrust 0.1.0`
 */
export function thisOperator(mode: RunMode, env: Environment, madeBy: string): RunOperator {
  return { mode, user: userName(env), host: hostname(), pid: process.pid, madeBy };
}

function userName(env: Environment): string {
  const user = accountName() ?? env.USER ?? env.USERNAME ?? 'unknown';
  const behind = env.SUDO_USER;
  return behind === undefined || behind === '' || behind === user ? user : `${user} (sudo by ${behind})`;
}

/** A container may run under a number that no account has. */
function accountName(): string | undefined {
  try {
    return userInfo().username;
  } catch {
    return process.getuid === undefined ? undefined : `uid ${process.getuid()}`;
  }
}
