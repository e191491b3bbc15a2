import type { Finding } from '../../model/finding.js';
import type { Inventory } from '../../model/inventory.js';
import { codeEntry } from './codes.js';
import { COMMANDS, selectorOf } from './commands.js';
import { lookupIn } from './names.js';
import { list, quote } from './quote.js';

/** What the operator should do about this one finding; the general advice of the code where nothing more can be said. */
export function remedy(f: Finding, inventory: Inventory): string {
  const general = codeEntry(f.code).remedy;
  switch (f.code) {
    case 'vmca-clash':
      return `${general} The order of it: ${COMMANDS.planExternalCa(selectorOf(f.provider, inventory))}.`;
    case 'trust-lost':
      return f.holders.length === 0 ? general : heldByOthers(f.vcenter, list(f.holders));
    case 'stale-registration': {
      const dependents = lookupIn(inventory).registration(f.provider, f.vcenter, f.uid)?.dependents;
      const steps = `\`${COMMANDS.cleanupDryRun(f.vcenter, f.uid)}\` shows every command of a removal, with its check and its undo; nothing is changed by it.`;
      if (dependents === undefined)
        return `What depends on it was not seen: look before anything is removed. ${general} ${steps}`;
      return dependents.poweredOnVms > 0
        ? `${dependents.poweredOnVms} powered-on VMs depend on it: move or stop them first. ${general} ${steps}`
        : `${general} ${steps}`;
    }
    case 'removal-failed':
      return f.known
        ? general
        : `What went wrong is not the known case: collect a support bundle, and see \`vasatrust diagnose\`. Nothing says that a removal while the provider is offline helps.`;
    case 'root-missing':
      return f.wantedKeyId === undefined ? general : `Wanted on ${f.vcenter}: the CA with key ${f.wantedKeyId}. ${general}`;
    case 'cleanup-leftover':
      return f.what.kind === 'reject-route' ? `On ${f.vcenter}: the route reads "${quote(f.what.line)}". ${general}` : general;
    case 'name-mismatch':
      return f.san.length === 0 ? general : `Names the certificate carries: ${list(f.san)}. ${general}`;
    default:
      return general;
  }
}

function heldByOthers(loser: string, holders: string): string {
  return `${holders} holds this provider; vmca-clash says how to share it. Do not have ${loser} refresh certificates or register again while ${holders} depends on it: that throws out the holder.`;
}
