import type { ProviderId, Sha256Hex } from '../model/ids.js';
import type { Plan, Step } from '../model/plan.js';
import type { PlannedCertificate } from '../model/planned-certificate.js';
import { unreachable } from '../model/problem.js';
import { canonicalHostPort } from '../x509/names.js';
import { fingerprintText, parseBase64 } from '../x509/parse.js';
import { powerShellWord, shellWord } from './quote-command.js';
import { VENDORS } from './vendors.js';

/** How sure we are of what a step says. */
export type Mark = 'documented' | 'inferred' | 'not-found';

/** What to do, in the order given. */
export type Instruction =
  | { readonly kind: 'text'; readonly text: string }
  /** Lines to be pasted where `at` says. */
  | { readonly kind: 'command'; readonly at: string; readonly language: 'sh' | 'powershell'; readonly lines: readonly string[] }
  /** A call of an API, for whoever scripts it. */
  | {
      readonly kind: 'call';
      readonly api: 'sms' | 'vim25' | 'rest';
      readonly method: string;
      readonly parameters: Readonly<Record<string, string>>;
    };

export interface StepText {
  readonly title: string;
  readonly who: string;
  readonly where: string;
  readonly does: readonly Instruction[];
  readonly expect: string;
  readonly check: readonly Instruction[];
  readonly failed: string;
  readonly undo: string;
  readonly sources: readonly { readonly mark: Mark; readonly text: string }[];
  /** What only the vendor can tell. */
  readonly askVendor: readonly string[];
}

/** What a plan file is called in the commands; `estate.yaml` is taken from where they are typed. */
export interface Named {
  readonly planFile: string;
}

const documented = (text: string) => ({ mark: 'documented', text }) as const;
const inferred = (text: string) => ({ mark: 'inferred', text }) as const;
const notFound = (text: string) => ({ mark: 'not-found', text }) as const;
const say = (text: string): Instruction => ({ kind: 'text', text });
const HERE = 'your machine';
const shell = (at: string, ...lines: readonly string[]): Instruction => ({ kind: 'command', at, language: 'sh', lines });
const powerCli = (...lines: readonly string[]): Instruction => ({
  kind: 'command',
  at: 'PowerCLI',
  language: 'powershell',
  lines,
});

const VECS = '/usr/lib/vmware-vmafd/bin/vecs-cli';
const DIR_CLI = '/usr/lib/vmware-vmafd/bin/dir-cli';
const VMAFD = '/usr/lib/vmware-vmafd/bin/vmafd-cli';
const CHAIN_FILE = '/tmp/external-ca.pem';

/** Words for one step of a plan: the one place they are made, whatever shows them. */
export function describeStep(step: Step, plan: Plan, named: Named): StepText {
  const planWord = shellWord(named.planFile);
  const words = new PlanWords(plan);
  switch (step.kind) {
    case 'confirm-evidence':
      return {
        ...people('you', HERE),
        title: 'Nothing has changed since the plan was made',
        does: [shell(HERE, `vasatrust plan check ${planWord}`)],
        expect: 'every fact still holds; exit code 0',
        check: [],
        failed:
          'it names a fact that changed (exit code 1) or could not be seen (exit code 3): make the plan anew, this one describes another estate',
        undo: 'nothing to take back',
        sources: [documented('vasatrust: the plan carries the facts it rests on')],
        askVendor: [],
      };
    case 'confirm-clocks': {
      const seen = step.vcenters.map(
        ({ vcenter, aheadMs }) => `${vcenter} ${aheadMs === undefined ? 'not seen' : offset(aheadMs)}`,
      );
      return {
        ...people('you and the storage administrator', 'every vCenter and every controller'),
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
    case 'confirm-names': {
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
    case 'confirm-backup': {
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
    case 'hold-automation':
      return {
        ...people('you and the storage administrator', 'wherever it runs'),
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
    case 'obtain-certificates':
      return {
        ...people('you and whoever runs the external CA', HERE),
        title: `The external CA signs ${step.certificates.length === 1 ? 'one certificate' : `${step.certificates.length} certificates`}`,
        does: [
          shell(HERE, `vasatrust ca csr ${planWord} --out requests`),
          say(
            `Have signed, as server certificates: ${listed(
              step.certificates.map((name) => `requests/${name}.csr`),
              12,
            )}. The CA must not leave out names.`,
          ),
          shell(
            HERE,
            `vasatrust ca check answers/* --plan ${planWord} --dir requests`,
            `vasatrust ca import answers/* --plan ${planWord} --dir requests`,
          ),
        ],
        expect: 'every request has an answer that passes; exit code 0',
        check: [],
        failed: 'the check names the exact reason: have it signed again; nothing in the estate was changed',
        undo: 'nothing to take back; destroy the keys of requests you do not use',
        sources: [documented('vSphere SMS API: a provider may keep a certificate of its own, issued by an external CA')],
        askVendor: ['Whether the array makes its own key and request: then take that request instead.'],
      };
    case 'publish-roots': {
      const reached = step.reaches.length === 0 ? '' : ` The directory brings them to ${listed(step.reaches, 20)} as well.`;
      return {
        ...people('vCenter administrator', words.vcenter(step.vcenter)),
        title: `${step.vcenter} gets the external CA's certificates`,
        does: [
          ...optionalNote(step, 'No provider of this plan is registered there; do it so that it can be, later.'),
          say(`Missing there: ${listed(step.certificates.map((one) => words.ca(one).subject))}.${reached}`),
          say(`Put them on the appliance as ${CHAIN_FILE} (appendix "The external CA").`),
          shell(
            `bash on ${step.vcenter}`,
            `${DIR_CLI} trustedcert publish --chain --cert ${CHAIN_FILE} --login administrator@vsphere.local`,
          ),
          say(
            'It asks for the password. The login is the SSO administrator; replace it where the SSO domain has another name. In the vSphere Client: Certificate Management > Trusted Root Certificates > Add, without "Start Root certificate push to vCenter Hosts": hosts follow one by one.',
          ),
          ...(step.by === 'rest'
            ? [
                call('rest', 'POST /vcenter/certificate-management/vcenter/trusted-root-chains', {
                  certificates: step.certificates.join(' '),
                }),
              ]
            : []),
        ],
        expect: 'published; the next step sees it in the store',
        check: [shell(`bash on ${step.vcenter}`, `${DIR_CLI} trustedcert list --login administrator@vsphere.local`)],
        failed:
          'not in the list: nothing else was changed; read the message, a password longer than 32 characters is cut by this tool',
        undo: 'leave them: trusting one more CA takes nothing away. To remove them all the same: dir-cli trustedcert unpublish, as long as nothing chains to them',
        sources: [
          documented('vSphere REST: trusted-root-chains; dir-cli: published Lightwave source'),
          inferred('that dir-cli reads at most 32 characters of a password, from the same source'),
        ],
        askVendor: [],
      };
    }
    case 'confirm-roots': {
      const wanted = step.certificates.map((one) => words.ca(one));
      return {
        ...people('vCenter administrator', words.vcenter(step.vcenter)),
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
    case 'push-host-roots':
      return hostText(step, words);
    case 'install-certificate':
      return installText(step, words);
    case 'confirm-certificate': {
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
    case 'remove-registration':
      return removeText(step, words);
    case 'register-provider':
      return {
        ...people('vCenter administrator', words.vcenter(step.vcenter)),
        title: `${step.vcenter} registers ${step.name}`,
        does: [
          shell(HERE, `vasatrust check-registration ${shellWord(step.vcenter)} --provider ${shellWord(step.url)}`),
          say('Go on only when it says that nobody is hurt (exit code 0). Then:'),
          powerCli(
            `Connect-VIServer -Server ${powerShellWord(words.address(step.vcenter))}`,
            `New-VasaProvider -Name ${powerShellWord(step.name)} -Url ${powerShellWord(step.url)} -Credential (Get-Credential -Message 'VASA user of the array')`,
          ),
          say('Or in the vSphere Client: the vCenter > Configure > Storage Providers > Add, with the same name and URL.'),
          call('sms', 'RegisterProvider_Task', { name: step.name, url: step.url }),
        ],
        expect: 'the task ends without a fault and without a question about a thumbprint: the root is trusted already',
        check: [],
        failed:
          'CertificateNotTrusted or CertificateNotImported: the roots are not there, go back to that step. InvalidCertificate: the name in the URL is not in the certificate. IncorrectUsernamePassword: do not try often, providers lock users',
        undo: `remove the registration again; that takes ${step.vcenter}'s path over this controller`,
        sources: [
          documented('vSphere SMS API: RegisterProvider_Task and its faults'),
          inferred('how PowerCLI spells it beyond -Name, -Url and -Credential'),
        ],
        askVendor: [],
      };
    case 'confirm-retained': {
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
    case 'confirm-online': {
      const stores =
        step.datastores.length === 0
          ? 'no VVol datastore depends on it yet'
          : `accessible on every host: ${listed(step.datastores, 12)}`;
      return {
        ...people('vCenter administrator', words.vcenter(step.vcenter)),
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
        expect: `online; ${stores}${step.hosts.length === 0 ? '' : ` (${step.hosts.length} hosts)`}${step.before.length === 0 ? '' : `; still online, too: ${listed(step.before, 12)}`}`,
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
    case 'confirm-controller': {
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
    case 'final-audit':
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
    case 'look-after':
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
          documented('Pure Storage: changing the certificate takes all current registrations offline'),
        ],
        askVendor: [],
      };
    default:
      return unreachable(step);
  }
}

const people = (who: string, where: string) => ({ who, where });
const call = (
  api: Extract<Instruction, { kind: 'call' }>['api'],
  method: string,
  parameters: Readonly<Record<string, string>>,
): Instruction => ({ kind: 'call', api, method, parameters });
const optionalNote = (step: Step, why: string): Instruction[] =>
  step.optional === undefined ? [] : [say(`May be left out. ${why}`)];
const offset = (ms: number): string =>
  ms === 0 ? 'even' : `${Math.round(Math.abs(ms) / 1000)} s ${ms > 0 ? 'ahead' : 'behind'}`;

function listed(words: readonly string[], most = 8): string {
  const shown = words.slice(0, most);
  if (words.length > most) return `${shown.join(', ')} and ${words.length - most} more`;
  return shown.length < 2 ? (shown[0] ?? 'none') : `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)}`;
}

function hostText(step: Extract<Step, { kind: 'push-host-roots' }>, words: PlanWords): StepText {
  const list = `Get-VasaProvider | Where-Object Name -like 'IOFILTER*' | Sort-Object Name | Format-Table Name, Status`;
  return {
    ...people('vCenter administrator', `${step.host} in ${step.vcenter}`),
    title: `${step.host} gets the CA certificates`,
    does: [
      say('Before: note the status of the IO-filter provider of this host (none is fine).'),
      powerCli(`Connect-VIServer -Server ${powerShellWord(words.address(step.vcenter))}`, list),
      say(
        'Then refresh the CA certificates of this one host (vSphere Client: the host > Configure > Certificate > Refresh CA Certificates), or:',
      ),
      powerCli(
        `$vmhost = Get-VMHost -Name ${powerShellWord(step.host)}`,
        '$manager = Get-View (Get-View ServiceInstance).Content.CertificateManager',
        '$manager.CertMgrRefreshCACertificatesAndCRLs_Task(@($vmhost.ExtensionData.MoRef))',
      ),
      call('vim25', 'CertMgrRefreshCACertificatesAndCRLs_Task', { host: step.ref }),
    ],
    expect: 'the host stays connected; the IO-filter provider has the status it had before',
    check: [powerCli(list)],
    failed: step.mayDropSmsCertificate
      ? `the IO-filter provider went offline: the push dropped vCenter's SMS certificate from the host's store. On ${step.host} append it (sms_self_signed of ${step.vcenter}) to /etc/vmware/ssl/castore.pem, then synchronise the storage providers; do that before the next host`
      : 'the host is not responding: refresh again, reconnect it',
    undo: 'nothing to take back: the host trusts one more CA',
    sources: [
      documented('vim25 CertificateManager: CertMgrRefreshCACertificatesAndCRLs_Task, privilege Certificate.Manage'),
      ...(step.mayDropSmsCertificate
        ? [documented('published case on ESXi 6.7 and 7.0: a refresh removed the SMS certificate from the host')]
        : []),
      inferred('one host at a time, because a change makes all hosts ask for sessions at once'),
    ],
    askVendor: [],
  };
}

function installText(step: Extract<Step, { kind: 'install-certificate' }>, words: PlanWords): StepText {
  const vendor = VENDORS[step.vendor];
  const { paths, last } = step.outage ?? { paths: [], last: [] };
  const lose =
    paths.length === 0
      ? 'No vCenter works over this controller now.'
      : `These vCenters lose their path over this controller until they are registered anew: ${listed(paths, 20)}.`;
  const alone = last.length === 0 ? '' : ` IT IS THE LAST PATH OF ${listed(last, 20)}: an outage, announced above.`;
  return {
    ...people('storage administrator', step.providers.map((id) => words.provider(id)).join(', ')),
    title: `${step.providers.map((id) => words.provider(id)).join(' and ')}: put in certificate ${step.certificate}`,
    does: [
      say(lose + alone),
      ...vendor.install.map(say),
      say(vendor.retain),
      say(
        `Certificate, key and chain: as \`vasatrust ca import\` laid them down for ${step.certificate}. Keep a copy of the certificate that is replaced, where the array lets you.`,
      ),
    ],
    expect: 'the provider serves the new certificate and keeps it',
    check: [],
    failed:
      'the controller refuses it or serves the old one: nothing is lost yet; put the old one back where needed and ask the vendor',
    undo: `put the former certificate back (${listed(
      step.replaces.map((one) => fingerprintText(one)),
      3,
    )}); the vCenter that held it trusts it again. After the first registration was removed there is no such way back`,
    sources: [
      vendor.installMark === 'documented' ? documented(vendor.source) : notFound(vendor.source),
      ...(vendor.retainMark === 'documented'
        ? []
        : [
            vendor.retainMark === 'inferred'
              ? inferred('that the certificate is retained once it is put in')
              : notFound('how this vendor sets the retain flag'),
          ]),
      documented('Pure Storage: changing the certificate takes all current registrations offline'),
    ],
    askVendor: [
      ...vendor.install.filter((line) => line.startsWith('Ask your vendor')),
      ...(vendor.retain.startsWith('Ask your vendor') ? [vendor.retain] : []),
    ],
  };
}

function removeText(step: Extract<Step, { kind: 'remove-registration' }>, words: PlanWords): StepText {
  const at = powerShellWord(words.address(step.vcenter));
  const filter = `Get-VasaProvider | Where-Object { $_.Name -eq ${powerShellWord(step.name)} -and $_.Url -eq ${powerShellWord(step.url)} }`;
  return {
    ...people('vCenter administrator', words.vcenter(step.vcenter)),
    title: `${step.vcenter} removes its ${step.how === 'cleanup' ? 'dead ' : ''}registration of ${step.name}`,
    does: [
      say(
        `Registration ${step.uid}, ${step.url}. ${step.how === 'cleanup' ? 'It lost trust: the plain removal may do nothing, although its task ends well.' : 'It went offline when the certificate changed.'}`,
      ),
      powerCli(`Connect-VIServer -Server ${at}`, `${filter} | Remove-VasaProvider -Confirm:$true`),
      say('Or in the vSphere Client: the vCenter > Configure > Storage Providers, choose it, Remove.'),
      call('sms', 'UnregisterProvider_Task', { providerId: step.uid }),
      say(
        `Only if a fresh look still shows it, the published procedure (appendix "A registration that will not go"), with ${step.addresses.length === 0 ? 'the addresses that the name of the provider resolves to on the appliance' : `the address ${step.addresses.join(' and ')}`}.`,
      ),
    ],
    expect: 'a fresh query no longer lists it',
    check: [powerCli(filter), shell(HERE, 'vasatrust audit')],
    failed:
      'it is still listed, although the task says success: sps.log shows a NullPointerException in ProviderCache; do not try again and again, take the procedure',
    undo: 'none but registering again, which is the next step',
    sources: [
      documented('vSphere SMS API: UnregisterProvider_Task, privilege StorageViews.ConfigureService'),
      documented('published case: the task is marked complete although the removal failed; the procedure'),
      inferred('how PowerCLI filters by URL'),
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

/** Looks up what steps name. */
class PlanWords {
  readonly #plan: Plan;

  constructor(plan: Plan) {
    this.#plan = plan;
  }

  provider(id: ProviderId): string {
    return indexOf(this.#plan).providers.get(id) ?? id;
  }

  vcenter(id: string): string {
    return `${id} (${this.address(id)})`;
  }

  address(id: string): string {
    return indexOf(this.#plan).addresses.get(id) ?? id;
  }

  certificate(name: string): PlannedCertificate {
    const found = indexOf(this.#plan).certificates.get(name);
    if (found === undefined) throw new Error(`the plan has no certificate ${name}`);
    return found;
  }

  ca(sha256: Sha256Hex): { readonly subject: string; readonly keyId: string } {
    return indexOf(this.#plan).cas.get(sha256) ?? { subject: fingerprintText(sha256), keyId: 'unknown' };
  }
}

interface PlanIndex {
  readonly providers: ReadonlyMap<string, string>;
  readonly addresses: ReadonlyMap<string, string>;
  readonly certificates: ReadonlyMap<string, PlannedCertificate>;
  readonly cas: ReadonlyMap<string, { readonly subject: string; readonly keyId: string }>;
}

const indexes = new WeakMap<Plan, PlanIndex>();

/** Made once per plan: a runbook asks for every step. */
function indexOf(plan: Plan): PlanIndex {
  const known = indexes.get(plan);
  if (known !== undefined) return known;
  const cas = (plan.externalCa?.certificates ?? []).flatMap((der) => {
    const read = parseBase64(der);
    return read.ok
      ? [[read.value.sha256 as string, { subject: read.value.subject, keyId: colons(read.value.ski ?? '') }] as const]
      : [];
  });
  const made: PlanIndex = {
    providers: new Map(plan.providers.map(({ id, name }) => [id, name])),
    addresses: new Map(plan.vcenters.map(({ id, address }) => [id, address])),
    certificates: new Map(plan.providerCertificates.map((one) => [one.name, one])),
    cas: new Map(cas),
  };
  indexes.set(plan, made);
  return made;
}

const colons = (hex: string): string => (hex.toUpperCase().match(/../g) ?? []).join(':');
