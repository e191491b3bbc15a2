import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import type { DerBase64 } from '../model/ids.js';
import { absolutePath } from './appliance-files.js';
import { type Call, complain, type Outcome, type Program, print, tool } from './appliance-program.js';
import { connectionTo, resolve } from './appliance-routes.js';
import { readAll } from './appliance-streams.js';
import { certificatePem } from './pki.js';
import { keyIdentifier, readCertificate, type ServedCertificates } from './sps-trust.js';
import type { LabProvider, LabVecsEntry } from './world.js';

export const certificateTools: readonly (readonly [string, Program])[] = [
  ['vecs-cli', { run: vecsCli, folders: ['/usr/lib/vmware-vmafd/bin'], onPath: false }],
  ['certool', { run: certool, folders: ['/usr/lib/vmware-vmca/bin'], onPath: false }],
  ['openssl', tool(openssl)],
];

const NOT_FOUND =
  'Possible errors:\nLDAP error: Unknown (extension) error\nWin Error: Operation failed with error ERROR_OBJECT_NOT_FOUND (4312)';

/** Formats: the open-source vecs-cli. Private keys are never shown: the lab has none in its stores. */
function vecsCli(call: Call): Outcome {
  const [object, verb, ...options] = call.args;
  const { vecs } = call.vcenter;
  if (object === 'store' && verb === 'list') {
    return print(
      [...new Set(['MACHINE_SSL_CERT', 'TRUSTED_ROOTS', 'TRUSTED_ROOT_CRLS', ...vecs.keys()])]
        .map((name) => `${name}\n`)
        .join(''),
    );
  }
  // In the lab the store is the directory: there is nothing to be fetched.
  if (object === 'force-refresh') return print('');
  if (object !== 'entry' || verb === undefined) return complain('Usage: vecs-cli { arguments }');
  const store = after(options, '--store');
  const entries = entriesOf(call, store);
  if (!entries) return complain(`vecs-cli failed. Error 4312: ${NOT_FOUND}`, 216);
  if (verb === 'list') return print(listText(entries, options.includes('--text')));
  const entry = entries.find((one) => one.alias === after(options, '--alias'));
  if (verb === 'getkey') return complain('vecs-cli failed. Error 5: the lab does not hand out private keys', 5);
  if (verb !== 'getcert') return complain('Usage: vecs-cli { arguments }');
  if (!entry) return complain(`vecs-cli failed. Error 4312: ${NOT_FOUND}`, 216);
  if (options.includes('--text')) return print(entry.certificates.slice(0, 1).map(x509Text).join(''));
  return print(entry.certificates.map(certificatePem).join(''));
}

function entriesOf(call: Call, store: string | undefined): readonly LabVecsEntry[] | undefined {
  const { vecs, trustedRoots } = call.vcenter;
  if (store === 'TRUSTED_ROOT_CRLS') return [];
  if (store !== 'TRUSTED_ROOTS') return vecs.get(store ?? '');
  return trustedRoots.map((der): LabVecsEntry => {
    const fingerprint = readCertificate(der)?.fingerprint.replaceAll(':', '').toLowerCase() ?? '';
    return { alias: fingerprint, type: 'Trusted Cert', certificates: [der] };
  });
}

function listText(entries: readonly LabVecsEntry[], asText: boolean): string {
  const shown = entries.map(({ alias, type, certificates: [first] }) => {
    const head = `Alias :\t${alias}\nEntry type :\t${type}\n`;
    if (!first) return head;
    return asText ? `${head}${x509Text(first)}` : `${head}Certificate :\t${certificatePem(first)}\n`;
  });
  return `Number of entries in store :\t${entries.length}\n${shown.join('')}`;
}

function certool(call: Call): Outcome {
  if (!call.args.includes('--getrootca')) return complain('Usage: certool { arguments }');
  // A vCenter with an external PSC has no VMCA of its own: the appliance has no root file then.
  if (!call.files.read('/var/lib/vmware/vmca/root.cer')) {
    return complain('Status : Failed\nError Code : 382312694\nError Message : Access denied or the server cannot be contacted');
  }
  const { vmca } = call.vcenter;
  return print(`${x509Text(vmca.certificate)}${certificatePem(vmca.certificate)}Status : Success\n`);
}

/** The head of `openssl x509 -text`, as far as anybody reads it. */
function x509Text(der: DerBase64): string {
  const certificate = readCertificate(der);
  if (!certificate) return '';
  const serial = certificate.serialNumber.toLowerCase().match(/../g)?.join(':') ?? '';
  return [
    'Certificate:',
    '    Data:',
    '        Version: 3 (0x2)',
    `        Serial Number:\n            ${serial}`,
    `        Issuer: ${oneLine(certificate.issuer)}`,
    '        Validity',
    `            Not Before: ${certificate.validFrom}`,
    `            Not After : ${certificate.validTo}`,
    `        Subject: ${oneLine(certificate.subject)}`,
    ...keyIdentifierText(der),
    '',
  ].join('\n');
}

function keyIdentifierText(der: DerBase64): string[] {
  const hex = keyIdentifier(der);
  if (hex === undefined) return [];
  const pairs = hex.toUpperCase().match(/../g) ?? [];
  return ['        X509v3 extensions:', '            X509v3 Subject Key Identifier: ', `                ${pairs.join(':')}`];
}

const oneLine = (name: string): string =>
  name
    .split('\n')
    .map((part) => part.replace('=', ' = '))
    .join(', ');
const after = (args: readonly string[], name: string): string | undefined =>
  args.includes(name) ? args[args.indexOf(name) + 1] : undefined;

async function openssl(call: Call): Promise<Outcome> {
  const [command, ...args] = call.args;
  switch (command) {
    case 'version':
      return print(
        isOld(call) ? 'OpenSSL 1.0.2y-fips  16 Feb 2021\n' : 'OpenSSL 3.0.7 1 Nov 2022 (Library: OpenSSL 3.0.7 1 Nov 2022)\n',
      );
    case 's_client':
      await readAll(call.stdin);
      return sClient(call, args);
    case 'x509':
      return x509(call, args);
    default:
      return complain(`openssl:Error: '${command ?? ''}' is an invalid command.`);
  }
}

/** 6.x and 7.0 have OpenSSL 1.0.2 (inferred); its messages differ. */
const isOld = (call: Call): boolean => /^[67]\./.test(call.vcenter.version);

/** What a TLS client on this appliance would see: routes first, then the lab's own providers and vCenters. */
function sClient(call: Call, args: readonly string[]): Outcome {
  const target = after(args, '-connect') ?? args.at(-1) ?? '';
  const [, host = '', port = ''] = /^(.*):(\d+)$/.exec(target) ?? [];
  const addresses = resolve(call.vcenter.appliance, host);
  if (port === '' || addresses.length === 0) return notConnected(call, `getaddrinfo: Name or service not known`, undefined);
  const ends = addresses.map((address) => {
    const provider = call.world.providers.find((one) => one.port === Number(port) && one.addresses.includes(address));
    const end = connectionTo(call.vcenter.appliance, provider, address);
    return { provider, end };
  });
  const open = ends.find((one) => one.end === 'open');
  if (!open?.provider) {
    const unreachable = ends.every((one) => one.end === 'no-route');
    return notConnected(call, unreachable ? 'No route to host' : 'Connection refused', unreachable ? 113 : 111);
  }
  const { provider } = open;
  const tooOld = args.includes('-tls1_2') && provider.tls.min === 'TLSv1.3';
  const tooNew = args.includes('-tls1_3') && provider.tls.max === 'TLSv1.2';
  // OpenSSL 1.0.2 speaks no TLS 1.3 at all.
  if (tooOld || tooNew || (isOld(call) && provider.tls.min === 'TLSv1.3')) return alerted();
  const name = after(args, '-servername') ?? (isIP(host) > 0 || isOld(call) ? undefined : host);
  return print(
    chainText(servedBy(provider, args.includes('-noservername') ? undefined : name), args.includes('-showcerts'), provider),
  );
}

function servedBy(provider: LabProvider, name: string | undefined): ServedCertificates {
  const virtual = [...provider.virtualHosts.values()].find(
    (one) => name !== undefined && one.vhostName.toLowerCase() === name.toLowerCase(),
  );
  const { identity, chain } = (virtual ?? provider).served;
  return { leaf: identity.certificate, rest: chain[0] === identity.certificate ? chain.slice(1) : chain };
}

function chainText(served: ServedCertificates, all: boolean, provider: LabProvider): string {
  const shown = [served.leaf, ...served.rest].map((der, at) => {
    const certificate = readCertificate(der);
    const names = ` ${at} s:${oneLine(certificate?.subject ?? '')}\n   i:${oneLine(certificate?.issuer ?? '')}\n`;
    return all || at === 0 ? { names, pem: certificatePem(der) } : { names, pem: '' };
  });
  const leaf = readCertificate(served.leaf);
  const chain = all ? shown.map(({ names, pem }) => names + pem).join('') : shown.map(({ names }) => names).join('');
  const accepted = provider.clientRoots.map((der) => `${oneLine(readCertificate(der)?.subject ?? '')}\n`).join('');
  return [
    'CONNECTED(00000003)\n---\nCertificate chain\n',
    chain,
    `---\nServer certificate\n${all ? '' : (shown[0]?.pem ?? '')}`,
    `subject=${oneLine(leaf?.subject ?? '')}\n\nissuer=${oneLine(leaf?.issuer ?? '')}\n\n---\n`,
    accepted === '' ? 'No client certificate CA names sent\n' : `Acceptable client certificate CA names\n${accepted}`,
    '---\nSSL handshake has read 2210 bytes and written 412 bytes\n---\n',
    `New, ${provider.tls.max}, Cipher is ECDHE-RSA-AES256-GCM-SHA384\n---\nDONE\n`,
  ].join('');
}

function notConnected(call: Call, text: string, errno: number | undefined): Outcome {
  if (errno === undefined) return complain(`${text}\nconnect:errno=0`);
  if (isOld(call)) return complain(`socket: ${text}\nconnect: ${text}\nconnect:errno=${errno}`);
  const code = (0x80000000 + errno).toString(16).toUpperCase();
  return complain(
    `40970F1B3C7F0000:error:${code}:system library:BIO_connect:${text}:crypto/bio/bio_sock2.c:125:calling connect()\n` +
      `40970F1B3C7F0000:error:10000067:BIO routines:BIO_connect:connect error:crypto/bio/bio_sock2.c:127:\nconnect:errno=${errno}`,
  );
}

function alerted(): Outcome {
  return {
    code: 1,
    stdout: 'CONNECTED(00000003)\n---\nno peer certificate available\n---\nNo client certificate CA names sent\n---\n',
    stderr:
      '40970F1B3C7F0000:error:0A00042E:SSL routines:ssl3_read_bytes:tlsv1 alert protocol version:ssl/record/rec_layer_s3.c:1586:SSL alert number 70\n',
  };
}

async function x509(call: Call, args: readonly string[]): Promise<Outcome> {
  const file = after(args, '-in');
  const content = file === undefined ? await readAll(call.stdin) : call.files.read(absolutePath(call.cwd, file))?.content;
  if (!content) return complain(`Can't open "${file ?? ''}" for reading, No such file or directory`);
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(
      /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/.exec(content.toString('latin1'))?.[0] ?? content,
    );
  } catch {
    return complain('unable to load certificate');
  }
  const out = args.flatMap((arg): string[] => {
    switch (arg) {
      case '-subject':
        return [`subject=${oneLine(certificate.subject)}\n`];
      case '-issuer':
        return [`issuer=${oneLine(certificate.issuer)}\n`];
      case '-serial':
        return [`serial=${certificate.serialNumber}\n`];
      case '-dates':
        return [`notBefore=${certificate.validFrom}\nnotAfter=${certificate.validTo}\n`];
      case '-startdate':
        return [`notBefore=${certificate.validFrom}\n`];
      case '-enddate':
        return [`notAfter=${certificate.validTo}\n`];
      case '-fingerprint':
        return args.includes('-sha256')
          ? [`sha256 Fingerprint=${certificate.fingerprint256}\n`]
          : [`SHA1 Fingerprint=${certificate.fingerprint}\n`];
      case '-text':
        return [x509Text(certificate.raw.toString('base64') as DerBase64)];
      default:
        return [];
    }
  });
  const pem = args.includes('-noout') ? '' : certificatePem(certificate.raw.toString('base64') as DerBase64);
  return print(out.join('') + pem);
}
