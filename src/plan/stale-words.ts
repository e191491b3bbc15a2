import type { StaleReason } from '../model/inventory.js';

/** Why a registration is, is not, or may be stale: one half-sentence per reason. */
export function staleWords(why: readonly StaleReason[]): string {
  return why.map(word).join('; ') || 'no reason was given';
}

function word(reason: StaleReason): string {
  switch (reason.code) {
    case 'not-external':
      return `its category is ${reason.category}`;
    case 'status':
      return `SMS shows it ${reason.status}`;
    case 'tls-from-appliance':
      if (reason.outcome === 'reject-route') return 'a reject route on the appliance hides it';
      if (reason.outcome === 'unknown') return 'whether it answers the appliance is not known';
      return reason.outcome ? 'it answers the appliance' : 'it does not answer the appliance, so it is unreachable and not stale';
    case 'not-trusted':
      if (reason.met === 'unknown') return 'whether this vCenter trusts what it serves is not known';
      return reason.met ? 'this vCenter does not trust what it serves' : 'this vCenter trusts what it serves, and is accepted';
    case 'client-refused':
      return reason.met === true
        ? 'it refuses what this vCenter presents'
        : 'whether it refuses what this vCenter presents is not known';
    case 'retained':
      return reason.value
        ? 'the provider keeps its own certificate: this vCenter only lacks the CA'
        : 'the provider does not keep its certificate';
    case 'holder':
      return `held by ${reason.vcenters.join(', ')}`;
    case 'issuer-unknown':
      return 'who issued what it serves is not known';
    case 'virtual-host-unknown':
      return "this vCenter's virtual host there is not known";
  }
}
