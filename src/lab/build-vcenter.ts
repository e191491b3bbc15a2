import { parseName } from './distinguished-name.js';
import { mint, mintCa, vmcaSubject } from './pki.js';
import type { LabAppliance, LabCa, LabIdentity, LabVcenter, LabVecsEntry } from './world.js';
import type { Release, VcenterSpec, WorldBuilder } from './world-builder.js';

/**
 * `version` and `apiVersion` as `about` tells them: an update release moves only the latter before 7.0.
 * Build numbers are those of published vCenter releases; nothing in the lab depends on them.
 */
const RELEASES: Readonly<Record<Release, Pick<LabVcenter, 'version' | 'apiVersion' | 'build'>>> = {
  '6.5': { version: '6.5.0', apiVersion: '6.5', build: '5973321' },
  '6.7': { version: '6.7.0', apiVersion: '6.7', build: '8170161' },
  '6.7U3': { version: '6.7.0', apiVersion: '6.7.3', build: '14368073' },
  '7.0U3': { version: '7.0.3', apiVersion: '7.0.3.0', build: '18700403' },
  '8.0U3': { version: '8.0.3', apiVersion: '8.0.3.0', build: '24022515' },
};

const ADMINISTRATOR_PRIVILEGES = [
  'System.Anonymous',
  'System.View',
  'System.Read',
  'StorageViews.View',
  'StorageViews.ConfigureService',
  'Certificate.Manage',
  'CertificateManagement.Manage',
  'CertificateManagement.Administer',
];
const AUDITOR_PRIVILEGES = ['System.Anonymous', 'System.View', 'System.Read', 'StorageViews.View'];

/** SPS is one of the last services to start. */
const BOOT_BEFORE_SPS_MS = 240_000;

const LEAF_YEARS_2 = 730 * 86_400_000;

export async function buildVcenter(builder: WorldBuilder, spec: VcenterSpec, number: number): Promise<LabVcenter> {
  const { keys, now } = builder;
  const address = `${spec.id}.lab.example`;
  const ssoDomain = spec.ssoDomain ?? 'vsphere.local';
  const release = RELEASES[spec.release];
  const subject = spec.vmcaSubject ?? vmcaSubject(address, ssoDomain, spec.release === '6.5' ? '2016' : '2021');
  const vmca = spec.vmca ?? (await mintCa({ subject, keys: await keys.take('rsa'), notBefore: builder.daysAgo(700), now }));
  const issue = async (name: string, san: readonly string[], issuer: LabCa | undefined = vmca): Promise<LabIdentity> =>
    mint(
      {
        subject: parseName(`CN=${name}, O=${address}, OU=LAB`),
        ...(issuer ? { issuer } : {}),
        san,
        notBefore: builder.daysAgo(90),
        notAfter: new Date(now.getTime() + LEAF_YEARS_2),
        keyUsage: ['digitalSignature', 'keyEncipherment'],
        extendedKeyUsage: ['serverAuth', 'clientAuth'],
      },
      await keys.take('ec'),
    );
  const machineSsl = await issue(address, [address]);
  // Which entry SPS shows to a VVol provider before 8.0 is not documented; 6.5 has the self-signed one alone here, so that both cases exist.
  const spsExtension = spec.release === '6.5' ? undefined : await issue(`sps-extension-${spec.id}`, [address]);
  const vpxdExtension = await issue(`vpxd-extension-${spec.id}`, [address]);
  const selfSigned = await mintSelfSigned(builder, spec.id, address);
  const entry = (alias: string, identity: LabIdentity): LabVecsEntry => ({
    alias,
    type: 'Private Key',
    certificates: [identity.certificate],
  });
  return {
    id: spec.id,
    address,
    ...release,
    instanceUuid: builder.uuid(`instance/${spec.id}`),
    ssoDomain,
    topology: [{ node: address, type: 'VCSA_EMBEDDED', replicationPartners: [] }],
    vmca,
    machineSsl,
    trustedRoots: [vmca.certificate, ...vmca.chain, ...(spec.alsoTrusts ?? [])],
    vecs: new Map([
      ['MACHINE_SSL_CERT', [entry('__MACHINE_CERT', machineSsl)]],
      ['vpxd-extension', [entry('vpxd-extension', vpxdExtension)]],
      ['SMS', [entry('sms_self_signed', selfSigned), ...(spsExtension ? [entry('sps-extension', spsExtension)] : [])]],
    ]),
    accounts: [
      {
        username: `administrator@${ssoDomain}`,
        password: builder.secret(`sso/${spec.id}`),
        privileges: ADMINISTRATOR_PRIVILEGES,
      },
      { username: `auditor@${ssoDomain}`, password: builder.secret(`auditor/${spec.id}`), privileges: AUDITOR_PRIVILEGES },
    ],
    appliance: buildAppliance(builder, spec, number),
    registrations: [],
    datastores: [],
    hosts: [],
    vms: [],
    tasks: [],
    nextTask: 21,
  };
}

async function mintSelfSigned(builder: WorldBuilder, id: string, address: string): Promise<LabIdentity> {
  const dates = { notBefore: builder.daysAgo(600), notAfter: new Date(builder.now.getTime() + 5 * LEAF_YEARS_2) };
  return mint({ subject: parseName(`CN=SMS-${id}, O=${address}, OU=LAB`), ...dates }, await builder.keys.take('ec'));
}

function buildAppliance(builder: WorldBuilder, spec: VcenterSpec, number: number): LabAppliance {
  return {
    sshEnabled: true,
    shell: spec.shell ?? 'bash',
    rootPassword: builder.secret(`root/${spec.id}`),
    authorizedKeys: [],
    methods: [...(spec.methods ?? ['publickey', 'password', 'keyboard-interactive'])],
    failedLogins: 0,
    files: new Map(),
    routes: [],
    units: [],
    hosts: new Map(),
    clockAheadMs: 0,
    sps: {
      state: 'STARTED',
      health: 'HEALTHY',
      pid: 4000 + number,
      startedAtMs: builder.daysAgo(10).getTime(),
      retryAttempt: 99_999,
      retryIntervalS: 30,
      log: [],
    },
    machineId: builder.uuid(`machine/${spec.id}`).replaceAll('-', ''),
    hasIp: true,
    init: spec.init ?? 'systemd',
    bootId: builder.uuid(`boot/${spec.id}`),
    bootedAtMs: builder.daysAgo(10).getTime() - BOOT_BEFORE_SPS_MS,
    hostKeyNumber: 1,
  };
}
