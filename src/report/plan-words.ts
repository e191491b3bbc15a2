import { fingerprint, list, plural } from '../findings/explain/quote.js';
import type { Acceptance, Fact, Outage, Plan, PlanWarning, Span } from '../model/plan.js';
import type { CaFault, FactChange, Missing, Refusal } from '../model/plan-answer.js';
import { unreachable } from '../model/problem.js';

/** Words for everything in a plan but its steps, alike in table, Markdown and on stderr. Names in them are as they came: the report makes them visible. */

/** `90 s`, `12 min`, `3 h`, `2 d`: rounded up, because it is what somebody has to wait. */
export function lasting(seconds: number): string {
  if (seconds < 120) return `${Math.ceil(seconds)} s`;
  if (seconds < 7_200) return `${Math.ceil(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.ceil(seconds / 360) / 10} h`;
  return `${Math.ceil(seconds / 8_640) / 10} d`;
}

export const span = ({ least, most }: Span): string => (least === most ? lasting(most) : `${lasting(least)} to ${lasting(most)}`);

export function strategyText(plan: Plan): string {
  switch (plan.strategy) {
    case 'controller-by-controller':
      return 'external CA, controller by controller: while one certificate changes, the other still serves';
    case 'all-at-once':
      return 'external CA; some array has one certificate for every path, so all its vCenters are without it for a while';
    default:
      return unreachable(plan.strategy);
  }
}

/** Who is without a path, how long, and why. */
export function outageText({ windows, ...all }: Outage): string {
  if (windows.length === 0) return 'never: another controller serves throughout';
  const kinds = [...new Set(windows.map(({ why }) => why))];
  const why = kinds.map((kind) =>
    kind === 'last-path' ? 'its last path goes and comes back' : 'it has no path now; back within this time of the first change',
  );
  return `${span(all)}: ${why.join('; ')} (${windows.map(({ from, until }) => `from ${from} to ${until}`).join(', ')})`;
}

export function acceptanceText({ code, name }: Acceptance): string {
  return `${code}:${name}`;
}

export function warningText(warning: PlanWarning, plan: Plan): string {
  const provider = (id: string) => plan.providers.find((one) => one.id === id)?.name ?? id;
  const providers = (ids: readonly string[]) => list(ids.map(provider), 12);
  switch (warning.code) {
    case 'ask-vendor':
      return `${providers(warning.providers)}: ask your vendor ${
        {
          retain:
            'how the provider is told to keep its certificate (retain); nothing documented was found, and the stop rule is what proves it',
          install: 'for the exact command that puts the certificate in; it was not found in public documents',
          'client-cas':
            'whether a registration adds to the CAs it accepts clients from, or replaces them; if it replaces them, several vCenters cannot share it whatever certificate it has',
        }[warning.what]
      }.`;
    case 'outage-for-all':
      return `Array ${warning.array}: ${
        {
          'one-controller': 'one provider',
          'one-address': 'one address for all its providers',
          'one-certificate': 'one certificate for all its providers',
        }[warning.because]
      } is the only path of every vCenter. When its certificate changes, all of them are without it until each is registered anew.`;
    case 'last-path':
      return `${warning.vcenter} reaches array ${warning.array} over one controller only: it is without a path while that one changes.`;
    case 'brought-in':
      return `${provider(warning.provider)} is in the plan because it is another way to array ${warning.array}: an array half of whose controllers sign anew clashes again.`;
    case 'added-registration':
      return `${warning.vcenter} is not registered at ${provider(warning.provider)}; the plan registers it there, so that it does not hang on one controller.`;
    case 'no-host-name':
      return `${provider(warning.provider)} is registered by address only and its certificate carries no name: the external CA has to sign addresses. Register it by name instead if yours does not.`;
    case 'host-store-drop':
      return `${warning.vcenter}: on ${plural(warning.hosts.length, 'host')} older than 8.0 (${list(warning.hosts)}) a push of CA certificates can drop vCenter's SMS certificate; IO-filter providers are checked before and after each.`;
    case 'clock-skew':
      return `${warning.vcenter}: its clock is ${Math.round(Math.abs(warning.aheadMs) / 1000)} s ${warning.aheadMs > 0 ? 'ahead' : 'behind'}; a certificate that is not yet valid counts as invalid.`;
    case 'clock-not-seen':
      return `${warning.vcenter}: its clock was not seen.`;
    case 'linked':
      return `${list(warning.vcenters, 20)} are linked: back them up together, and never roll back one alone.`;
    case 'mixed-versions':
      return `Versions differ (${list(warning.versions)}); menus and tools do, too.`;
    case 'holder-outside':
      return `${provider(warning.provider)}: what it serves was issued by "${warning.issuer}", which is nobody's VMCA here (a hint, not proof, of who): that vCenter loses the provider when the certificate changes.`;
    case 'dependents-running':
      return `${warning.vcenter}: ${plural(warning.poweredOnVms, 'powered-on VM')} on ${list(warning.datastores)}. Their I/O goes on without the control path; power-on, snapshots, vMotion and backups do not.`;
    case 'removal-may-fail':
      return `${providers(warning.providers)}: the registrations in ${list(warning.vcenters, 12)} that work now go offline with the certificate. Whether the plain call removes them then is not known; where it does not, the published procedure takes up to an hour for each, and restarts SPS twice.`;
    case 'ca-expires':
      return `The external CA's certificate "${warning.subject}" ends ${warning.notAfter.slice(0, 10)}: everything signed by it ends no later.`;
    default:
      return unreachable(warning);
  }
}

/** One refusal: what stands in the way, and what to do about it. */
export function refusalText(refusal: Refusal): { readonly summary: string; readonly remedy: string } {
  const accept = `If that is what you want: --accept ${refusal.code}${'name' in refusal ? `:${refusal.name}` : ''}.`;
  switch (refusal.code) {
    case 'nothing-contested':
      return {
        summary: 'no provider is in a clash: no vCenter is proven to have lost one that does not keep its certificate',
        remedy: 'Name one with --provider to plan for it all the same; `vasatrust plan recommend` says what fits.',
      };
    case 'internal-provider':
      return {
        summary: `${refusal.name} is an internal provider (IO filter or vSAN)`,
        remedy: 'vCenter looks after these by itself; leave it out.',
      };
    case 'not-registered':
      return {
        summary: `no vCenter of the estate has registered ${refusal.name}`,
        remedy: 'There is nothing to move; put the certificate in before the first registration.',
      };
    case 'vasa5':
      return {
        summary: `${refusal.name} speaks VASA ${refusal.vasaVersion}: every vCenter has a virtual host and a certificate of its own there`,
        remedy:
          'No shared certificate is needed. Where a vCenter lost it all the same, see `vasatrust audit` and `vasatrust explain`.',
      };
    case 'already-external':
      return {
        summary: `${refusal.name} keeps a certificate of "${refusal.root}" that every vCenter trusts`,
        remedy: 'Nothing to do; `vasatrust audit` tells when it ends.',
      };
    case 'ca-unusable':
      return {
        summary: `the external CA's certificates cannot be used: ${caFaultText(refusal.why)}`,
        remedy:
          'Give the issuing CA, what is above it, and its root, in PEM, with --ca (or externalCa.certificateFile in estate.yaml).',
      };
    case 'outage-for-all':
      return {
        summary: `${refusal.name} is the only path of ${list(refusal.vcenters, 12)}: all of them are without the array while its certificate changes`,
        remedy: `Register a second controller first where there is one, or take a maintenance window. ${accept}`,
      };
    case 'last-path':
      return {
        summary: `${refusal.name} reaches array ${refusal.array} over one controller only and is without a path while that changes`,
        remedy: `Take a maintenance window for it. ${accept}`,
      };
    case 'holder-outside':
      return {
        summary: `${refusal.name} was signed by a vCenter that is not in the estate (its issuer calls itself "${refusal.issuer}")`,
        remedy: `Find it and add it to estate.yaml: it loses the provider when the certificate changes, and clashes again when it registers. ${accept}`,
      };
    case 'works-as-it-is':
      return {
        summary: `${refusal.name} works in every vCenter: ${{ linked: 'they are linked and trust each other', 'shared-vmca': 'they share one VMCA', trusted: 'each of them trusts what it serves' }[refusal.because]}`,
        remedy: `Leave it alone; a change takes every registration offline once. ${accept}`,
      };
    case 'vendor-single-vcenter':
      return {
        summary: `${refusal.name}: a document says that this vendor's provider serves a single vCenter`,
        remedy: `Ask your vendor for one that several can share. ${accept}`,
      };
    default:
      return unreachable(refusal);
  }
}

function caFaultText(fault: CaFault): string {
  switch (fault.code) {
    case 'empty':
      return 'the file holds no certificate';
    case 'no-root':
      return 'there is no root (self-signed CA certificate) among them';
    case 'several-roots':
      return 'there is more than one root among them';
    case 'not-readable':
      return `one of them ${fault.reason}`;
    case 'several-issuing':
      return `more than one could be the issuing CA (${list(fault.subjects)}): give one chain`;
    case 'not-a-ca':
      return `"${fault.subject}" is not a CA certificate`;
    case 'sha1':
      return `"${fault.subject}" is signed with SHA-1 or older`;
    case 'not-rsa':
      return `"${fault.subject}" is not RSA all along; vCenter's own tools refuse ECDSA`;
    case 'short-key':
      return `the key of "${fault.subject}" is shorter than 2048 bits`;
    case 'key-usage':
      return `"${fault.subject}" may not sign certificates`;
    case 'path-length':
      return `a path length forbids the chain at "${fault.subject}"`;
    case 'incomplete':
      return `"${fault.subject}" does not lead to the root: an intermediate is missing, or it belongs to another CA`;
    case 'no-key-id':
      return `"${fault.subject}" has no subject key identifier, by which vCenter's directory files it`;
    case 'expired':
      return `"${fault.subject}" ended ${fault.at}`;
    case 'not-yet-valid':
      return `"${fault.subject}" is valid only from ${fault.at}`;
    default:
      return unreachable(fault);
  }
}

/** Something that was not seen, as a sentence with what to do. */
export function missingText(missing: Missing): { readonly summary: string; readonly remedy: string } {
  switch (missing.what) {
    case 'registrations':
      return {
        summary: `the registrations of ${missing.vcenter} were not seen`,
        remedy:
          'They may include this provider. Give vasatrust a login with StorageViews.View there, or take it out of estate.yaml.',
      };
    case 'leaf':
      return {
        summary: `what ${missing.name} serves was not seen`,
        remedy: `Make ${missing.url} reachable from here, or give that vCenter ssh in estate.yaml.`,
      };
    case 'trust':
      return {
        summary: `whether ${missing.vcenter} trusts ${missing.name} is not known`,
        remedy: 'Its trust anchors and its SMS store have to be seen: ssh in estate.yaml.',
      };
    case 'version':
      return { summary: `the version of ${missing.vcenter} was not seen`, remedy: 'See the gaps of `vasatrust audit`.' };
    case 'hosts':
      return {
        summary: `the hosts of ${missing.vcenter} were not seen`,
        remedy: 'They have to trust the new certificate as well: the login needs System.Read on them.',
      };
    case 'vasa-version':
      return {
        summary: `the VASA version of ${missing.name} is not known`,
        remedy: 'From VASA 5 on no shared certificate is needed: see the gaps of `vasatrust audit`.',
      };
    default:
      return unreachable(missing);
  }
}

/** What a fact is about and says: `vc65 registers array1-CT0 as …`. */
export function factText(fact: Fact): string {
  switch (fact.kind) {
    case 'leaf':
      return `leaf served at ${fact.url}${fact.sni === undefined ? '' : ` (as ${fact.sni})`}: ${fingerprint(fact.sha256)}`;
    case 'registration':
      return `registration ${fact.uid} in ${fact.vcenter}: ${fact.name} at ${fact.url}`;
    case 'registrations':
      return `registrations of ${fact.provider}: ${list(fact.vcenters, 20)}`;
    case 'version':
      return `version of ${fact.vcenter}: ${fact.version ?? 'not seen'}`;
    case 'vmca':
      return `VMCA of ${fact.vcenter}: ${fact.sha256 === undefined ? 'not seen' : fingerprint(fact.sha256)}`;
    case 'root':
      return `root ${fingerprint(fact.sha256)} ${fact.present ? 'trusted' : 'not trusted'} by ${fact.vcenter}`;
    case 'hosts':
      return `hosts of ${fact.vcenter}: ${fact.hosts === undefined ? 'not seen' : String(fact.hosts.length)}`;
    default:
      return unreachable(fact);
  }
}

export function factChangeText(change: FactChange): string {
  const what = factText(change.fact);
  switch (change.state) {
    case 'changed':
      return `${what}\n  was ${change.was}\n  is ${change.is}`;
    case 'gone':
      return `${what}\n  is not there any more`;
    case 'not-seen':
      return `${what}\n  could not be seen now`;
    default:
      return unreachable(change);
  }
}
