import type { VchaFacts } from '../model/evidence.js';
import { err, ok, type Problem, type Result } from '../model/problem.js';
import { canonicalAddress } from '../x509/names.js';
import { plainText } from './redact.js';
import { badAnswer, isExpiredSession, type SoapFailure } from './soap.js';
import type { VimCaller } from './vim-session.js';
import { child, childrenNamed, textOf, type XmlElement } from './xml.js';

/** Faults by which a server says that it has no such thing (inferred: none is declared for these two calls). */
const HAS_NONE = new Set(['NotSupported', 'MethodNotFound', 'ManagedObjectNotFound', 'NotImplemented']);

/**
 * vCenter High Availability: whether it is set up, its mode, and the addresses of its nodes. Source: vim25 `FailoverClusterConfigurator.getVchaConfig` and
 * `FailoverClusterManager.getClusterMode`, both since 6.5, privilege System.Read; a vCenter without it says so by its service content.
 * The mode is asked for only where there is something that can have one.
 */
export async function readVcha(vim: VimCaller): Promise<Result<VchaFacts, SoapFailure>> {
  const { failoverClusterConfigurator, failoverClusterManager } = vim.content;
  if (failoverClusterConfigurator === undefined) return err({ problem: noVcha(vim.label) });
  const config = await vim.call('getVchaConfig', failoverClusterConfigurator, [], true);
  if (!config.ok) return err(HAS_NONE.has(config.error.fault?.type ?? '') ? { problem: noVcha(vim.label) } : config.error);
  const info = child(config.value, 'returnval');
  const state = textOf(info, 'state');
  if (state === undefined) return err({ problem: badAnswer(vim.label, 'getVchaConfig tells no state') });
  const facts: VchaFacts = { state: plainText(state, 40), addresses: addressesIn(info) };
  if (state === 'notConfigured' || failoverClusterManager === undefined) return ok(facts);
  const mode = await vim.call('getClusterMode', failoverClusterManager, [], true);
  // A cluster that is only prepared, or broken, may have none to tell.
  if (!mode.ok) return mode.error.fault === undefined || isExpiredSession(mode.error) ? mode : ok(facts);
  const told = textOf(mode.value, 'returnval');
  return ok(told === undefined ? facts : { ...facts, mode: plainText(told, 40) });
}

/** `CustomizationIPSettings` of every node: the fixed addresses of both families. */
function addressesIn(info: XmlElement | undefined): string[] {
  const settings = ['failoverNodeInfo1', 'failoverNodeInfo2', 'witnessNodeInfo'].flatMap((node) =>
    ['clusterIpSettings', 'failoverIp', 'ipSettings'].flatMap((part) => child(child(info, node), part) ?? []),
  );
  const fixed = settings.flatMap((one) => [
    textOf(child(one, 'ip'), 'ipAddress'),
    ...childrenNamed(child(one, 'ipV6Spec'), 'ip').map((ip) => textOf(ip, 'ipAddress')),
  ]);
  return [...new Set(fixed.flatMap((address) => canonicalAddress(address ?? '') ?? []))];
}

function noVcha(target: string): Problem {
  return {
    code: 'not-supported',
    target,
    summary: `${target} offers no vCenter High Availability`,
    remedy: 'Nothing to do.',
    retry: 'never',
  };
}
