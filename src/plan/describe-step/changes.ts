import type { Step, VendorId } from '../../model/plan.js';
import { fingerprintText } from '../../x509/parse.js';
import { powerShellWord, shellWord } from '../quote-command.js';
import { VENDORS } from '../vendors.js';
import type { PlanWords } from './plan-words.js';
import {
  call,
  documented,
  HERE,
  inferred,
  listed,
  notFound,
  optionalNote,
  people,
  powerCli,
  type StepText,
  say,
  shell,
} from './step-text.js';

type Of<Kind extends Step['kind']> = Extract<Step, { kind: Kind }>;

const DIR_CLI = '/usr/lib/vmware-vmafd/bin/dir-cli';
const CHAIN_FILE = '/tmp/external-ca.pem';

/** One vendor says it of its own provider. */
const goesOffline = (vendor: VendorId) =>
  vendor === 'pure'
    ? documented('Pure Storage: changing the certificate takes all current registrations offline')
    : inferred('that a changed certificate takes every registration offline, as Pure Storage says of its own provider');

export function describeObtainCertificates(step: Of<'obtain-certificates'>, words: PlanWords): StepText {
  return {
    ...people('you, CA', HERE),
    title: `The external CA signs ${step.certificates.length === 1 ? 'one certificate' : `${step.certificates.length} certificates`}`,
    does: [
      shell(HERE, `vasatrust ca csr ${words.planFile} --out requests`),
      say(
        `Have signed, as server certificates: ${listed(
          step.certificates.map((name) => `requests/${name}.csr`),
          12,
        )}. The CA must not leave out names; what to type at AD CS, OpenSSL, Vault and step-ca stands in docs/ca.md. What it sends back goes into the folder answers.`,
      ),
      shell(
        HERE,
        `vasatrust ca check answers/* --plan ${words.planFile} --dir requests`,
        `vasatrust ca import answers/* --plan ${words.planFile} --dir requests`,
      ),
    ],
    expect: 'every request has an answer that passes; exit code 0',
    check: [],
    failed: 'the check names the exact reason: have it signed again; nothing in the estate was changed',
    undo: 'nothing to take back; destroy the keys of requests you do not use',
    sources: [documented('vSphere SMS API: a provider may keep a certificate of its own, issued by an external CA')],
    askVendor: ['Whether the array makes its own key and request: then take that request instead.'],
  };
}

export function describePublishRoots(step: Of<'publish-roots'>, words: PlanWords): StepText {
  const reached = step.reaches.length === 0 ? '' : ` The directory brings them to ${listed(step.reaches, 20)} as well.`;
  return {
    ...people('vCenter admin', words.vcenter(step.vcenter)),
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
      'not in the list: nothing else was changed; read the message; likely a password longer than 32 characters is cut by this tool',
    undo: 'leave them: trusting one more CA takes nothing away. To remove them all the same: dir-cli trustedcert unpublish, as long as nothing chains to them',
    sources: [
      documented('vSphere REST: trusted-root-chains; dir-cli: published Lightwave source'),
      inferred('that dir-cli reads at most 32 characters of a password, from the same source'),
    ],
    askVendor: [],
  };
}

export function describeRegisterProvider(step: Of<'register-provider'>, words: PlanWords): StepText {
  return {
    ...people('vCenter admin', words.vcenter(step.vcenter)),
    title: `${step.vcenter} registers ${step.name}`,
    does: [
      ...(words.isFirstRegistration(step)
        ? [
            say(
              'The first registration with the new certificate: nobody has a path over this controller that it could take, and no SMS knows yet whether the certificate is kept. The stop rule, right after it, is what shows.',
            ),
          ]
        : [
            shell(HERE, `vasatrust check-registration ${shellWord(step.vcenter)} --provider ${shellWord(step.url)}`),
            say('Go on only when it says that nobody is hurt (exit code 0). Then:'),
          ]),
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
}

export function describePushHostRoots(step: Of<'push-host-roots'>, words: PlanWords): StepText {
  const list = `Get-VasaProvider | Where-Object Name -like 'IOFILTER*' | Sort-Object Name | Format-Table Name, Status`;
  return {
    ...people('vCenter admin', `${step.host} in ${step.vcenter}`),
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
      inferred('where the vSphere Client has it, and how PowerCLI spells the call'),
      inferred('one host at a time, because a change makes all hosts ask for sessions at once'),
    ],
    askVendor: [],
  };
}

export function describeInstallCertificate(step: Of<'install-certificate'>, words: PlanWords): StepText {
  const vendor = VENDORS[step.vendor];
  const { paths, last } = step.outage ?? { paths: [], last: [] };
  const lose =
    paths.length === 0
      ? 'No vCenter works over this controller now.'
      : `These vCenters lose their path over this controller until they are registered anew: ${listed(paths, 20)}.`;
  const alone = last.length === 0 ? '' : ` IT IS THE LAST PATH OF ${listed(last, 20)}: an outage, announced above.`;
  return {
    ...people('storage admin', step.providers.map((id) => words.provider(id)).join(', ')),
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
      goesOffline(step.vendor),
    ],
    askVendor: [
      ...vendor.install.filter((line) => line.startsWith('Ask your vendor')),
      ...(vendor.retain.startsWith('Ask your vendor') ? [vendor.retain] : []),
    ],
  };
}

export function describeRemoveRegistration(step: Of<'remove-registration'>, words: PlanWords): StepText {
  const at = powerShellWord(words.address(step.vcenter));
  const filter = `Get-VasaProvider | Where-Object { $_.Name -eq ${powerShellWord(step.name)} -and $_.Url -eq ${powerShellWord(step.url)} }`;
  return {
    ...people('vCenter admin', words.vcenter(step.vcenter)),
    title: `${step.vcenter} removes its ${step.how === 'cleanup' ? 'dead ' : ''}registration of ${step.name}`,
    does: [
      say(
        `Registration ${step.uid}, ${step.url}. ${step.how === 'cleanup' ? 'It lost trust: the plain removal may do nothing, although its task ends well.' : 'The change of the certificate takes it offline: then the plain removal may do nothing, although its task ends well.'}`,
      ),
      powerCli(`Connect-VIServer -Server ${at}`, `${filter} | Remove-VasaProvider -Confirm:$true`),
      say('Or in the vSphere Client: the vCenter > Configure > Storage Providers, choose it, Remove.'),
      call('sms', 'UnregisterProvider_Task', { providerId: step.uid }),
      say('Only if a fresh look still shows it, the published procedure; while it counts as stale, filled in by:'),
      shell(HERE, `vasatrust cleanup ${shellWord(step.vcenter)} --provider ${shellWord(step.uid)} --runbook md`),
      say(
        `Else as in the appendix "A registration that will not go", with ${step.addresses.length === 0 ? 'the addresses that the name of the provider resolves to on the appliance' : `the address ${listed(step.addresses)}`}.`,
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
      ...(step.how === 'cleanup' ? [] : [goesOffline(words.vendor(step.provider))]),
      inferred('how PowerCLI filters by URL'),
    ],
    askVendor: [],
  };
}
