import { unreachable } from '../model/problem.js';
import type { ProviderNamed, Verdict, VerdictCode } from './diagnosis.js';

/** One sentence without a full stop. Text from a log in it is made visible by whoever prints it. */
export function verdictHeadline(verdict: Verdict): string {
  const who = providerText(verdict.provider);
  switch (verdict.code) {
    case 'STALE_VP_NPE':
      return verdict.provenGone
        ? `removing ${who} failed with a NullPointerException; it is gone since`
        : verdict.laterWithoutError !== undefined
          ? `removing ${who} failed with a NullPointerException; a later attempt logged no error`
          : `removing ${who} failed with a NullPointerException${verdict.task === undefined ? '' : `, although ${verdict.task} is marked complete`}: the registration is still there`;
    case 'TRUST_LOST':
      return `SPS and ${who} do not accept each other's certificates`;
    case 'IOFILTER_CERT':
      return `the certificate of the IO filter ${who} is not trusted`;
    case 'VP_OVERLOAD':
      return `hosts get no session with ${who}: it is down or overloaded`;
    case 'SPS_DOWN':
      return 'the policy service (SPS) did not answer its clients';
    case 'ALREADY_GONE':
      return `${who} was to be removed and is not registered`;
    case 'UNKNOWN':
      return unknownHeadline(verdict, who);
    default:
      return unreachable(verdict.code);
  }
}

function unknownHeadline({ why, exception }: Verdict, who: string): string {
  switch (why) {
    case 'other-exception':
    case 'headless':
    case 'stack-missing':
      return `removing ${who} failed${exception === undefined ? '' : ` with ${exception}`}, in a way that is not known`;
    case 'host-tls':
      return 'TLS between hosts and a provider failed';
    default:
      return `SPS had no session with ${who}, and the log does not say why`;
  }
}

/** What it means, in general. */
export const VERDICT_MEANING: Readonly<Record<VerdictCode, string>> = {
  STALE_VP_NPE:
    'The registration was still the active one of its array although it had no session, which is what is left when a vCenter lost the trust of its provider. SPS fell over to the backup provider, tripped over the session that was never built, and gave up; the task is marked complete all the same.',
  TRUST_LOST:
    'TLS between SPS and the provider ends with a complaint about a certificate. Usually another vCenter registered the same provider and had its certificate signed anew.',
  IOFILTER_CERT:
    'This is a provider for IO filters on an ESXi host, which vCenter registers by itself. It has nothing to do with an array.',
  VP_OVERLOAD:
    'No certificate is in question: the provider does not answer, or answers with rubbish, often when all hosts connect at once.',
  SPS_DOWN:
    'While SPS is down, migrations, clones and provisioning by policy fail, and no provider can be registered or removed.',
  ALREADY_GONE: 'SMS said that there is no such provider. A removal that ends so has nothing left to do.',
  UNKNOWN: 'Something is wrong, and what the log says of it fits no known case.',
};

/** What the operator should do. */
export function verdictRemedy(verdict: Verdict): string {
  switch (verdict.code) {
    case 'STALE_VP_NPE':
      return staleRemedy(verdict);
    case 'TRUST_LOST':
      return 'Audit every vCenter that uses this provider: who holds it, and who lost it. Reconnect only where the status is disconnected and the served certificate verifies on that vCenter. Do not refresh the certificate or register again from a vCenter that lost the trust: that takes it from the one that has it.';
    case 'IOFILTER_CERT':
      return 'Renew the certificate of the host first, then that of the IO filter (KB 320568, KB 402809), and synchronize storage providers. Do not use the procedure for stale array providers here: blocking this address would cut off an ESXi host.';
    case 'VP_OVERLOAD':
      return 'See to the provider on the array; have hosts reconnect a few at a time, not all at once. Removing or registering again would make it worse.';
    case 'SPS_DOWN':
      return 'See to SPS before anything else: state and health of vmware-sps, then start it. Where it hangs while starting for hours, only a restart of all services of the vCenter is reported to help.';
    case 'ALREADY_GONE':
      return 'Query the providers again. If the uid is not listed, nothing is left to do.';
    case 'UNKNOWN':
      return verdict.why === 'other-exception'
        ? 'Query the providers to see what is still registered, and collect a support bundle. Nothing says that the procedure for stale providers helps with this exception.'
        : 'Collect a support bundle, or add the log of the time before, and audit the vCenter.';
    default:
      return unreachable(verdict.code);
  }
}

function staleRemedy(verdict: Verdict): string {
  if (verdict.provenGone) return 'Nothing: the registration is not listed any more.';
  if (verdict.laterWithoutError !== undefined)
    return 'Query the providers: only a list without the uid proves that the later removal worked.';
  const first =
    verdict.why === 'stack-missing' || verdict.why === 'headless'
      ? 'The log is cut: that it is this case is concluded from what is left. '
      : '';
  return `${first}Query the providers first: is the uid still listed? Decide how the provider is to be shared, since this vCenter has no control path after the removal until it registers again. Then the published procedure applies: retryAttempt of qsConnection to 4, a reject route to this provider's address only (its backup stays reachable), restart SPS, remove the registration once it shows offline, take route and setting back, restart SPS. It has been tried on vSphere 6.5; no fixed release is known.`;
}

/** `array1-CT0 (uid …, https://…)`, as far as known. */
export function providerText(provider: ProviderNamed | undefined): string {
  if (provider === undefined) return 'a provider that the log does not name';
  const { name, uid, url } = provider;
  if (name === undefined)
    return uid === undefined ? (url ?? 'a provider') : `provider ${uid}${url === undefined ? '' : ` (${url})`}`;
  const more = [uid, url].filter((one) => one !== undefined).join(', ');
  return more === '' ? name : `${name} (${more})`;
}

/** When, as an interval: what a log shows is never before it begins. */
export function whenText({ since, last, count, logFrom }: Verdict): string {
  if (since === undefined) return count === 1 ? 'once, at a time the log does not tell' : `${count} times`;
  const begins =
    logFrom === undefined || logFrom >= since ? ' (where the log begins: perhaps earlier)' : ` (the log begins ${logFrom})`;
  return last === undefined || last === since
    ? `${since}${begins}`
    : `${since} to ${last}, ${count} ${count === 1 ? 'time' : 'times'}${begins}`;
}
