import { createHash, generateKeyPairSync } from 'node:crypto';
import { isIP } from 'node:net';
import { keysFromPem } from './keys.js';
import { mint } from './pki.js';
import { SMS_CONFIG } from './sps-life.js';
import type { LabFile, LabIdentity, LabVcenter, LabVecsEntry } from './world.js';

/** What `seedAppliance` cannot know by itself; everything has a default. */
export interface ApplianceSeed {
  /** Address of eth0; default 10.0.0.2. */
  readonly address?: string;
  /** Host name → addresses, besides the vCenter's own. */
  readonly hosts?: ReadonlyMap<string, readonly string[]>;
  /** VECS `SMS` client identities: alias → identity. Missing ones are minted, `sps-extension` for 8.x and later only. */
  readonly smsIdentities?: ReadonlyMap<string, LabIdentity>;
}

export const VMCA_ROOT = '/var/lib/vmware/vmca/root.cer';

/**
 * Fills `appliance.files` and `hosts`, and the VECS stores that are not there yet, from what the vCenter already is. Adds, never overwrites.
 * The file around `qsConnection` is made up: no complete sms-config.xml has been published.
 */
export function seedAppliance(vcenter: LabVcenter, seed: ApplianceSeed = {}): void {
  const { appliance, vecs } = vcenter;
  const { sps, files, hosts } = appliance;
  const addFile = (path: string, content: string, mode = 0o644) => {
    if (!files.has(path)) files.set(path, fileOf(content, mode, sps.startedAtMs));
  };
  addFile(SMS_CONFIG, smsConfigText(sps.retryAttempt, sps.retryIntervalS), 0o640);
  addFile(VMCA_ROOT, vcenter.vmca.certificatePem);
  addFile('/etc/hosts', `127.0.0.1 localhost\n${seed.address ?? '10.0.0.2'} ${vcenter.address}\n`);
  addFile('/etc/resolv.conf', 'nameserver 10.0.0.53\n');
  const names = new Map([[vcenter.address, [seed.address ?? '10.0.0.2']], ...(seed.hosts ?? [])]);
  for (const [name, addresses] of names) if (isIP(name) === 0 && !hosts.has(name)) hosts.set(name, [...addresses]);
  const addStore = (store: string, entries: () => LabVecsEntry[]) => {
    if (!vecs.has(store)) vecs.set(store, entries());
  };
  addStore('MACHINE_SSL_CERT', () => [entryOf('__MACHINE_CERT', vcenter.machineSsl)]);
  addStore('vpxd-extension', () => [entryOf('vpxd-extension', clientIdentity(vcenter, 'vpxd-extension'))]);
  addStore('SMS', () => smsEntries(vcenter, seed.smsIdentities ?? new Map()));
}

/** The qsConnection part is the published one; another `retryAttempt` elsewhere is there to be left alone. */
export function smsConfigText(retryAttempt: number, retryIntervalS: number): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
<!-- Configuration of the storage monitoring service -->
<smsConfig>
    <general>
       <taskRetentionMinutes>60</taskRetentionMinutes>
       <maxProviderPriority>255</maxProviderPriority>
    </general>
    <!-- Retry configuration for QS connection -->
       <qsConnection>
          <!-- Retry attempt for QS connection. -->
          <retryAttempt>${retryAttempt}</retryAttempt>
          <!-- Retry interval (in seconds) for QS connection. -->
          <retryInterval>${retryIntervalS}</retryInterval>
      </qsConnection>
    <!-- Retry configuration for event polling -->
    <eventPolling>
       <retryAttempt>3</retryAttempt>
       <retryInterval>10</retryInterval>
    </eventPolling>
</smsConfig>
`;
}

function smsEntries(vcenter: LabVcenter, given: ReadonlyMap<string, LabIdentity>): LabVecsEntry[] {
  const entries = [entryOf('sms_self_signed', given.get('sms_self_signed') ?? clientIdentity(vcenter, 'sms_self_signed'))];
  const extension = given.get('sps-extension');
  if (extension || !/^[67]\./.test(vcenter.version)) {
    entries.push(entryOf('sps-extension', extension ?? clientIdentity(vcenter, 'sps-extension')));
  }
  return entries;
}

function clientIdentity(vcenter: LabVcenter, name: string): LabIdentity {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const started = new Date(vcenter.appliance.sps.startedAtMs);
  return mint(
    {
      subject: [
        ['CN', name],
        ['O', vcenter.address],
        ['OU', `LAB ${createHash('sha256').update(vcenter.instanceUuid).digest('hex').slice(0, 8)}`],
      ],
      ...(name === 'sms_self_signed' ? {} : { issuer: vcenter.vmca }),
      san: [vcenter.address],
      extendedKeyUsage: ['clientAuth'],
      now: started,
    },
    keysFromPem(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()),
  );
}

function entryOf(alias: string, identity: LabIdentity): LabVecsEntry {
  return { alias, type: 'Private Key', certificates: [identity.certificate] };
}

function fileOf(content: string, mode: number, mtimeMs: number): LabFile {
  return { content: Buffer.from(content, 'utf8'), mode, owner: 'root:root', mtimeMs };
}
