import type { Finding } from '../../model/finding.js';
import type { ProviderId } from '../../model/ids.js';
import type { Inventory } from '../../model/inventory.js';
import { lookupIn } from './names.js';
import { list, quote } from './quote.js';

/**
 * Commands this version has, as typed. What a report tells the user to type comes from here, so that it never names one that is not there.
 */
export const COMMANDS = {
  explain: (code: string) => `vasatrust explain ${code}`,
  planRecommend: () => 'vasatrust plan recommend',
  /** Without a provider: every one in a clash. */
  planExternalCa: (provider?: string) =>
    `vasatrust plan external-ca${provider === undefined ? '' : ` --provider ${word(provider)}`} --ca chain.pem --out plan.json`,
  checkRegistration: (vcenter: string, provider: string) =>
    `vasatrust check-registration ${word(vcenter)} --provider ${word(provider)}`,
  cleanupDryRun: (vcenter: string, uid: string) => `vasatrust cleanup ${word(vcenter)} --provider ${word(uid)} --dry-run`,
} as const;

/** A name from outside as one word of a shell's command line. What cannot be seen is made visible by the report, and is then not what was meant. */
function word(name: string): string {
  const text = quote(name);
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** What to type next after an audit, and why; undefined where nothing was found. `findings` are in the order of the audit. */
export function nextCommand(
  findings: readonly Finding[],
  inventory: Inventory,
): { readonly command: string; readonly note: string } | undefined {
  const [first] = findings;
  if (first === undefined || first.code === 'internal-provider-skipped') return undefined;
  const clashes = findings.flatMap((finding) => (finding.code === 'vmca-clash' ? [finding] : []));
  const [clash] = clashes;
  if (clash === undefined) return { command: COMMANDS.explain(first.code), note: 'what it means, how it is proven, what to do' };
  // A plan takes in every controller of the array; for several arrays it finds the clashes itself.
  const isOneArray = clashes.every(({ arrays }) => arrays.some((array) => clash.arrays.includes(array)));
  const names = clashes.map(({ provider }) => selectorOf(provider, inventory)).sort();
  const stale = [...new Set(findings.flatMap((finding) => (finding.code === 'stale-registration' ? [finding.vcenter] : [])))];
  const note =
    stale.length === 0
      ? 'one certificate that every vCenter accepts'
      : `removing the stale registrations of ${list(stale)} is a step of it`;
  return { command: COMMANDS.planExternalCa(isOneArray || clashes.length === 1 ? names[0] : undefined), note };
}

/** A name that can be read, and typed back as it is read. */
const TYPABLE = /^[\p{L}\p{N} ._:@()/+-]{1,80}$/u;

/** What `--provider` takes for it: its registered name where that can be typed and no other provider has it, else its URL. */
export function selectorOf(id: ProviderId, inventory: Inventory): string {
  const provider = lookupIn(inventory).provider(id);
  const [name] = provider?.names ?? [];
  const isItsOwn =
    name !== undefined && TYPABLE.test(name) && inventory.providers.filter(({ names }) => names.includes(name)).length === 1;
  return (isItsOwn ? name : provider?.urls[0]) ?? id;
}
