import type { Step } from '../../model/plan.js';
import type { PlannedCertificate } from '../../model/planned-certificate.js';
import { canonicalHostPort } from '../../x509/names.js';
import { powerShellWord, shellWord } from '../quote-command.js';
import type { PlanWords } from './plan-words.js';
import {
  documented,
  HERE,
  type Instruction,
  inferred,
  listed,
  offset,
  optionalNote,
  people,
  powerCli,
  type StepText,
  say,
  shell,
} from './step-text.js';

type Of<Kind extends Step['kind']> = Extract<Step, { kind: Kind }>;

const VECS = '/usr/lib/vmware-vmafd/bin/vecs-cli';
const VMAFD = '/usr/lib/vmware-vmafd/bin/vmafd-cli';

export function describeConfirmEvidence(words: PlanWords): StepText {
  return {
    ...people('you', HERE),
    title: 'Nothing has changed since the plan was made',
    does: [shell(HERE, `vasatrust plan check ${words.planFile}`)],
    expect: 'every fact still holds; exit code 0',
    check: [],
    failed:
      'it names a fact that changed (exit code 1) or could not be seen (exit code 3): make the plan anew, this one describes another estate',
    undo: 'nothing to take back',
    sources: [documented('vasatrust: the plan carries the facts it rests on')],
    askVendor: [],
  };
}

export function describeConfirmClocks(step: Of<'confirm-clocks'>): StepText {
  const seen = step.vcenters.map(({ vcenter, aheadMs }) => `${vcenter} ${aheadMs === undefined ? 'not seen' : offset(aheadMs)}`);
  return {
    ...people('you, storage admin', 'every vCenter and every controller'),
    title: 'Clocks agree',
    does: [
      say(`Seen when the plan was made: ${listed(seen)}.`),
      shell('bash on each vCenter, and on each ESXi host', 'date -u'),
      say('Compare the controllers of the array as well.'),
    ],
    expect: 'all within a minute of each other',
    check: [],
    failed: 'one is ahead or behind: set NTP there first, because a certificate that is not yet valid counts as invalid',
    undo: 'nothing to take back',
    sources: [documented('vSphere SMS API: InvalidCertificate covers "not yet valid"')],
    askVendor: ['How the time of the controllers is shown.'],
  };
}

export function describeConfirmNames(step: Of<'confirm-names'>, words: PlanWords): StepText {
  const certificate = words.certificate(step.certificate);
  const hosts = [...new Set(step.used.map(({ host }) => host))];
  return {
    ...people('you', 'every vCenter that registers this provider'),
    title: `The names of ${words.provider(certificate.provider)} hold everywhere`,
    does: [
      say(`The certificate will carry: ${listed(certificate.san.map(({ value }) => value))}.`),
      say(
        `Registered as: ${listed(
          step.used.map(({ vcenter, host }) => `${host} in ${vcenter}`),
          12,
        )}.`,
      ),
      shell(
        'bash on each of these vCenters',
        ...hosts.slice(0, 12).map((host) => `getent ahosts ${shellWord(host)}`),
        `${VMAFD} get-pnid --server-name localhost`,
      ),
    ],
    expect: 'each name resolves to the controller; the PNID is the name in the machine SSL certificate of that vCenter',
    check: [],
    failed:
      'a name does not resolve or leads elsewhere: correct DNS first; a name you want to register by is not in the list: add it to the request',
    undo: 'nothing to take back',
    sources: [
      documented('vSphere SMS API: a host name that is not in the certificate gives InvalidCertificate'),
      inferred('PNID and SAN of the vCenter belong to every certificate change'),
    ],
    askVendor: [],
  };
}

export function describeConfirmBackup(step: Of<'confirm-backup'>): StepText {
  const groups = step.groups.map((group) => (group.length > 1 ? `${listed(group, 20)} together (linked)` : (group[0] ?? '')));
  return {
    ...people('you', 'every vCenter'),
    title: 'A backup of every vCenter exists',
    does: [say(`File-based backup, or a snapshot taken while the appliance is powered off: ${groups.join('; ')}.`)],
    expect: 'a backup of today for each; linked vCenters at one and the same time',
    check: [],
    failed: 'one is missing or older than the last change: take it now',
    undo: 'nothing to take back',
    sources: [documented('VMware KB 326268: offline snapshots of all linked nodes together before certificate work')],
    askVendor: [],
  };
}

export function describeHoldAutomation(step: Of<'hold-automation'>, words: PlanWords): StepText {
  return {
    ...people('you, storage admin', 'wherever it runs'),
    title: 'Whatever registers providers by itself stands still',
    does: [
      say(
        `Find and stop what could register ${listed(
          step.providers.map((id) => words.provider(id)),
          12,
        )} during the change: vendor plug-ins in the vSphere Client, SRM adapters, scripts, VCF workflows, backup products.`,
      ),
    ],
    expect: 'none of them registers, refreshes or renews a provider until the plan is done',
    check: [],
    failed: 'a registration appears that is not of this plan: stop and make the plan anew',
    undo: 'start them again after the last step, set to keep the certificate',
    sources: [inferred('any registration while the provider does not keep its certificate re-creates the clash')],
    askVendor: ["Whether the vendor's plug-in registers or renews by itself, and how that is turned off."],
  };
}

export function describeConfirmRoots(step: Of<'confirm-roots'>, words: PlanWords): StepText {
  const wanted = step.certificates.map((one) => words.ca(one));
  return {
    ...people('vCenter admin', words.vcenter(step.vcenter)),
    title: `${step.vcenter} has them in its store TRUSTED_ROOTS`,
    does: [
      ...optionalNote(step, 'No provider of this plan is registered there.'),
      shell(
        `bash on ${step.vcenter}`,
        `${VECS} force-refresh`,
        ...wanted.map(
          ({ keyId }) =>
            `${VECS} entry list --store TRUSTED_ROOTS --text | grep -i -A1 'Subject Key Identifier' | grep -ic ${shellWord(keyId)}`,
        ),
      ),
    ],
    expect: `a number above 0 for each: ${listed(wanted.map(({ subject, keyId }) => `${subject} (key ${keyId})`))}`,
    check: [],
    failed: '0: the directory fills the store every five minutes; wait and look again, then look at the step before',
    undo: 'nothing to take back',
    sources: [
      documented('VMware KB 376720: TRUSTED_ROOTS is filled from the directory every 5 minutes'),
      documented('vecs-cli force-refresh'),
    ],
    askVendor: [],
  };
}

export function describeConfirmCertificate(step: Of<'confirm-certificate'>, words: PlanWords): StepText {
  const certificate = words.certificate(step.certificate);
  return {
    ...people('you', HERE),
    title: `${words.provider(certificate.provider)} serves the new certificate`,
    does: probes(step.urls, certificate),
    expect: `"Verification: OK" for each name, and the fingerprint of the certificate that was imported as ${certificate.name}`,
    check: [],
    failed:
      'another issuer or fingerprint, or an incomplete chain: put it right at the controller before any registration is touched; ask the vendor',
    undo: 'put the former certificate back at the controller; registrations were not touched yet',
    sources: [
      documented('RFC 8446 section 4.4.2: the leaf comes first'),
      inferred('a provider may drop intermediates, as one open provider does'),
    ],
    askVendor: ['How the chain is put in, where the provider serves the leaf alone.'],
  };
}

export function describeConfirmRetained(step: Of<'confirm-retained'>, words: PlanWords): StepText {
  const certificate = words.certificate(step.certificate);
  return {
    ...people('you', HERE),
    title: `STOP RULE: the certificate survived the registration by ${step.vcenter}`,
    does: [...probes([step.url], certificate), shell(HERE, 'vasatrust audit')],
    expect: `the same fingerprint as before, and the audit calls ${words.provider(step.provider)} "retained"`,
    check: [],
    failed: `STOP. Another fingerprint, or "not retained": ${step.vcenter}'s VMCA has signed the certificate anew and the next registration would clash again. Register nobody else; the provider has to be told to keep its certificate first`,
    undo: `put the certificate in again and have the provider keep it; then ${step.vcenter} removes and registers once more`,
    sources: [
      documented('vSphere SMS API: retainVasaProviderCertificate'),
      inferred('that an unchanged leaf after one registration stays unchanged after the next'),
    ],
    askVendor: ['How the provider is told to keep its certificate, where it does not.'],
  };
}

export function describeConfirmOnline(step: Of<'confirm-online'>, words: PlanWords): StepText {
  const stores =
    step.datastores.length === 0
      ? 'no VVol datastore depends on it yet'
      : `accessible on every host: ${listed(step.datastores, 12)}`;
  return {
    ...people('vCenter admin', words.vcenter(step.vcenter)),
    title: `${step.vcenter} has ${step.name} online`,
    does: [
      shell(HERE, 'vasatrust audit'),
      powerCli(
        `Get-VasaProvider | Where-Object Name -eq ${powerShellWord(step.name)} | Format-List Name, Status, Url`,
        ...step.datastores
          .slice(0, 12)
          .map((name) => `Get-Datastore -Name ${powerShellWord(name)} | Format-List Name, State, Accessible`),
      ),
    ],
    expect: `online; ${stores}${step.hosts.length === 0 ? '' : ` (${step.hosts.length} hosts)`}${step.before === 0 ? '' : `; still online, too: ${step.before === 1 ? 'the vCenter' : `the ${step.before} vCenters`} registered here before it`}`,
    check: [],
    failed: `${step.vcenter} offline: see statusFault in the audit. One that was online before is offline now: the provider replaced the CAs it accepts clients from; stop and ask the vendor. Hosts or datastores missing: wait two minutes, hosts ask for sessions one after the other`,
    undo: 'remove the registration again',
    sources: [
      documented('vSphere SMS API: VasaProviderStatus'),
      inferred('client certificates stay with each VMCA, so the provider has to add CAs, not replace them'),
    ],
    askVendor: ['Whether a registration adds to the CAs the provider accepts clients from, or replaces them.'],
  };
}

export function describeConfirmController(step: Of<'confirm-controller'>, words: PlanWords): StepText {
  const others = step.others.map((id) => words.provider(id));
  return {
    ...people('you', HERE),
    title: `Everybody is at ${words.provider(words.certificate(step.certificate).provider)} before anything else changes`,
    does: [shell(HERE, 'vasatrust audit')],
    expect: `online and trusted in ${listed(step.vcenters, 20)}${others.length === 0 ? '' : `; still served by the other side where that has not changed yet: ${listed(others, 12)}`}`,
    check: [],
    failed: 'somebody is missing: do not touch the next controller, its path is what he lives on',
    undo: 'nothing to take back',
    sources: [inferred('two controllers never change at once, so that each vCenter keeps a path')],
    askVendor: [],
  };
}

export function describeFinalAudit(): StepText {
  return {
    ...people('you', HERE),
    title: 'The audit is clean',
    does: [shell(HERE, 'vasatrust audit --save-evidence after.json')],
    expect: 'no error for these providers; exit code 0',
    check: [],
    failed: 'the finding says what and why; `vasatrust explain CODE` says what to do',
    undo: 'nothing to take back',
    sources: [documented('vasatrust')],
    askVendor: [],
  };
}

export function describeLookAfter(step: Of<'look-after'>): StepText {
  return {
    ...people('you', 'your calendar'),
    title: 'What stays to be looked after',
    does: [
      say('Old roots stay in every vCenter until nothing chains to them any more; do not tidy up today.'),
      say(
        `Nobody renews these certificates but you: ${listed(step.certificates, 20)}. Changing one again takes every registration of that controller offline again: this plan once more. Put the end of each certificate in the calendar, half a year ahead.`,
      ),
      say(
        'Start again what was held (plug-ins, scripts), set so that it does not register or renew by itself. Before a further vCenter registers: `vasatrust check-registration`.',
      ),
      shell(HERE, 'vasatrust audit'),
    ],
    expect: 'a reminder for each certificate, and for the issuing CA',
    check: [],
    failed: 'nothing to fail today',
    undo: 'nothing to take back',
    sources: [
      documented('vSphere SMS API: no life-cycle work by vCenter on a retained certificate'),
      inferred('that a change takes every registration offline again; Pure Storage says so of its own provider'),
    ],
    askVendor: [],
  };
}

/** One look per URL and name, with the chain checked by OpenSSL against the external root alone. */
function probes(urls: readonly string[], certificate: PlannedCertificate): Instruction[] {
  const names = certificate.san;
  const lines = [...new Set(urls)].flatMap((url) => {
    const at = canonicalHostPort(url);
    if (at === undefined) return [];
    const host = at.host.includes(':') ? `[${at.host}]` : at.host;
    const own = names.find(({ value }) => value === at.host) ?? names[0];
    const verify =
      own?.kind === 'ip'
        ? `-verify_ip ${shellWord(own.value)}`
        : own === undefined
          ? ''
          : `-verify_hostname ${shellWord(own.value)}`;
    const sni = at.isAddress ? '-noservername' : `-servername ${shellWord(at.host)}`;
    const connect = `openssl s_client -connect ${shellWord(`${host}:${at.port}`)} ${sni} -CAfile external-ca.pem ${verify} </dev/null 2>/dev/null`;
    return [`${connect} | grep Verification`, `${connect} | openssl x509 -noout -issuer -fingerprint -sha256`];
  });
  return [
    say('external-ca.pem is the file given to `vasatrust plan external-ca --ca` (appendix "The external CA").'),
    shell(HERE, ...lines),
  ];
}
