import type { Finding } from '../../model/finding.js';
import type { Inventory } from '../../model/inventory.js';
import { unreachable } from '../../model/problem.js';
import { type Lookup, lookupIn } from './names.js';
import { list, plural, quote } from './quote.js';
import { roleText, trustReasonText } from './verdicts.js';

/** One sentence without a full stop: who, what, where. Text from outside in it is bounded, and made visible by whoever prints it. */
export function headline(f: Finding, inventory: Inventory): string {
  const look = lookupIn(inventory);
  switch (f.code) {
    case 'vmca-clash':
      return `${name(look, f)} serves a certificate issued by the VMCA of ${list(f.holders)}; ${list(f.losers)} lost it: each registration throws out the other`;
    case 'trust-lost':
      return `${f.vcenter} does not trust what ${name(look, f)} serves: ${trustReasonText(f.reason, f.vcenter)}`;
    case 'client-not-accepted':
      return `${name(look, f)} refuses what ${f.vcenter} presents: ${quote(f.how)}`;
    case 'stale-registration':
      return `${f.vcenter}'s registration "${quote(f.name)}" (${quote(f.status)}) is dead and will not come back by itself`;
    case 'removal-failed':
      return `removing ${f.vcenter}'s registration of ${name(look, f)} failed${f.known ? ' with a NullPointerException' : ''}${f.task === undefined ? '' : `, although ${quote(f.task)} ended`}: it is still there`;
    case 'root-missing':
      return `${f.vcenter} lacks the CA that issued the certificate which ${name(look, f)} keeps: ${quote(f.issuer)}`;
    case 'name-mismatch':
      return `${f.vcenter} registered ${name(look, f)} as ${quote(f.host)}, which its certificate does not carry (${f.san.length === 0 ? 'it has no names' : list(f.san, 4)})`;
    case 'certificate-expired':
      return `${role(look, f)} expired on ${f.notAfter.slice(0, 10)}`;
    case 'root-expired':
      return f.providers.length === 0
        ? `the VMCA certificate of ${f.vcenter} expired on ${f.notAfter.slice(0, 10)}`
        : `${f.vcenter}'s path to ${list(f.providers.map((provider) => name(look, { provider })))} needs ${quote(f.subject)}, which expired on ${f.notAfter.slice(0, 10)}`;
    case 'provider-unreachable':
      return `${name(look, f)} does not answer ${list(f.from.map(placeText))}${f.problem === '' ? '' : `: ${quote(f.problem)}`}`;
    case 'same-name-other-key':
      return `${f.keyIds.length} CAs are named ${quote(f.subject)} and have different keys (${list(f.vcenters)})`;
    case 'certificate-expiring':
      return `${role(look, f)} expires on ${f.notAfter.slice(0, 10)}, in ${plural(f.daysLeft, 'day')}`;
    case 'weak-certificate':
      return `${role(look, f)} is weak: ${quote(f.weakness)}`;
    case 'incomplete-chain':
      return `${name(look, f)} does not serve the intermediate ${quote(f.missing)}; only ${list(f.vcenters)} can fill it in`;
    case 'sole-provider':
      return `${f.vcenter} reaches array ${quote(f.array)} through ${name(look, f)} only`;
    case 'duplicate-registration':
      return `${f.vcenter} has registered ${name(look, f)} ${f.uids.length} times`;
    case 'controller-split':
      return `the controllers of array ${quote(f.array)} are in different hands: ${f.controllers.map((one) => `${name(look, one)} ${heldBy(one.holders)}`).join(', ')}`;
    case 'holder-outside-estate':
      return `nobody here issued what ${name(look, f)} serves; its issuer calls itself ${quote(f.issuer)} (a hint, not proof)`;
    case 'host-trust-missing':
      return `${plural(f.hosts.length, 'host')} of ${f.vcenter} ${f.hosts.length === 1 ? 'does' : 'do'} not trust ${name(look, f)}, which ${f.vcenter} does`;
    case 'clock-skew':
      return `the clock of ${f.vcenter} is ${seconds(Math.abs(f.aheadMs))} ${f.aheadMs > 0 ? 'ahead of' : 'behind'} this machine's`;
    case 'cleanup-leftover':
      return leftover(look, f);
    case 'internal-provider-skipped':
      return `${plural(f.count, 'internal provider')} of ${f.vcenter} left out (${f.basis === 'category' ? 'by category' : 'by name and port: inferred'})`;
    default:
      return unreachable(f);
  }
}

function name(look: Lookup, { provider }: { readonly provider: Parameters<Lookup['providerName']>[0] }): string {
  return quote(look.providerName(provider));
}

function role(
  look: Lookup,
  f: Extract<Finding, { code: 'certificate-expired' | 'certificate-expiring' | 'weak-certificate' }>,
): string {
  if (f.provider !== undefined) return `the certificate that ${name(look, { provider: f.provider })} serves`;
  return `the ${roleText(f.what)} of ${f.vcenter ?? 'a vCenter'}`;
}

function leftover(look: Lookup, f: Extract<Finding, { code: 'cleanup-leftover' }>): string {
  const { what } = f;
  switch (what.kind) {
    case 'reject-route':
      return `on ${f.vcenter} a reject route to ${quote(what.address)} cuts off ${list(what.providers.map((provider) => name(look, { provider })))}`;
    case 'retry-attempt':
      return `on ${f.vcenter} retryAttempt is ${quote(what.value)} instead of the shipped 99999`;
    case 'armed':
      return `on ${f.vcenter} ${quote(what.name)} of a cleanup is there: it is under way, or did not come to its end, or the appliance took it back and keeps the record`;
    default:
      return unreachable(what);
  }
}

function heldBy(holders: readonly string[]): string {
  return holders.length === 0 ? 'held by nobody known' : `held by ${list(holders)}`;
}

function seconds(ms: number): string {
  const whole = Math.round(ms / 1000);
  return whole < 3600 ? `${whole} s` : `${(whole / 3600).toFixed(1)} h`;
}

function placeText(from: string): string {
  return from === 'operator' ? 'this machine' : from;
}
