import { err, type Result } from '../model/problem.js';
import type { RootVerdict, SshLimits, SshSecrets, SshTarget, VcenterShell } from './vcenter-shell.js';

export async function openShell(
  target: SshTarget,
  _secrets: SshSecrets,
  _verdict: RootVerdict,
  _limits: SshLimits = {},
): Promise<Result<VcenterShell>> {
  return err({ code: 'not-attempted', target: target.label, summary: 'not there yet', remedy: 'wait', retry: 'later' });
}
