import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { type RunningLab, startLab } from '../../src/lab/start-lab.js';
import type { PresentedCertificate } from '../../src/model/inventory.js';
import { fingerprintText } from '../../src/x509/parse.js';
import { auditLab } from '../support/audit-lab.js';
import { missingSystemParts } from '../support/system.js';

const VECS_CLI = '/usr/lib/vmware-vmafd/bin/vecs-cli';

/** What an administrator would type on the appliance, and what Debian's openssl makes of it. */
describe.skipIf(missingSystemParts('ssh', 'openssl'))('what each vCenter presents', () => {
  let lab: RunningLab;
  let folder: string;
  let ssh: Map<string, { port: number; privateKeyFile: string }>;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'vasatrust-presents-'));
    lab = await startLab('clash', {
      prepare: (world) => {
        for (const { appliance } of world.vcenters) {
          appliance.shell = 'bash';
          appliance.methods.splice(0, appliance.methods.length, 'publickey');
        }
      },
    });
    const estate = parse(lab.estateYaml()) as { vcenters: { id: string; ssh: { port: number; privateKeyFile: string } }[] };
    ssh = new Map(estate.vcenters.map((vcenter) => [vcenter.id, vcenter.ssh]));
  });
  afterAll(async () => {
    await lab?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  function onAppliance(id: string, command: string): Promise<{ code: number | null; stdout: string }> {
    const at = ssh.get(id);
    const options = [
      'StrictHostKeyChecking=no',
      `UserKnownHostsFile=${join(folder, 'known_hosts')}`,
      'BatchMode=yes',
      'IdentityAgent=none',
    ];
    const child = spawn(
      'ssh',
      [
        ...options.flatMap((one) => ['-o', one]),
        '-F',
        'none',
        '-i',
        at?.privateKeyFile ?? '',
        '-p',
        String(at?.port),
        'root@127.0.0.1',
        command,
      ],
      { stdio: ['ignore', 'pipe', 'ignore'] },
    );
    let stdout = '';
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
    });
    return new Promise((resolve) => child.on('close', (code) => resolve({ code, stdout })));
  }

  const openssl = (pem: string, ...args: string[]): string =>
    spawnSync('openssl', ['x509', '-noout', ...args], { input: pem, encoding: 'utf8' }).stdout.trim();

  test('equals what vecs-cli and openssl say on the same appliance', async () => {
    const { audit } = await auditLab(lab);
    for (const vcenter of audit.inventory.vcenters) {
      expect(vcenter.presents.map((one) => one.alias).sort()).toEqual(['sms_self_signed', 'sps-extension']);
      for (const presented of vcenter.presents) {
        const { code, stdout } = await onAppliance(
          vcenter.id,
          `${VECS_CLI} entry getcert --store ${presented.store} --alias ${presented.alias}`,
        );
        if (presented.certificate === undefined) expect(code).not.toBe(0);
        else expect(told(stdout)).toEqual(ours(presented));
      }
      const root = await onAppliance(vcenter.id, 'cat /var/lib/vmware/vmca/root.cer');
      expect(told(root.stdout).fingerprint).toBe(fingerprintText(vcenter.vmca?.certificate.sha256 ?? ''));
    }
  });

  test('that it was issued by the current VMCA is what openssl verifies', async () => {
    const { audit } = await auditLab(lab);
    const vc67 = audit.inventory.vcenters.find((vcenter) => vcenter.id === 'vc67');
    const extension = vc67?.presents.find((one) => one.alias === 'sps-extension');
    expect(extension?.issuedBy).toBe('current-vmca');
    const root = join(folder, 'root.pem');
    const { stdout } = await onAppliance('vc67', 'cat /var/lib/vmware/vmca/root.cer');
    writeFileSync(root, stdout);
    const leaf = (await onAppliance('vc67', `${VECS_CLI} entry getcert --store SMS --alias sps-extension`)).stdout;
    const verified = spawnSync('openssl', ['verify', '-no-CApath', '-CAfile', root], { input: leaf, encoding: 'utf8' });
    expect(verified.stdout).toContain('OK');
  });

  test('without SSH the same audit says what it cannot prove', async () => {
    const blind = await startLab('clash', { withoutSsh: true });
    try {
      const { audit } = await auditLab(blind);
      expect(audit.inventory.vcenters.every((vcenter) => vcenter.presents.length === 0)).toBe(true);
      expect(audit.gaps.filter((gap) => gap.source === 'ssh').map((gap) => gap.problem.summary)).toEqual([
        expect.stringContaining('which certificate it presents'),
        expect.stringContaining('which certificate it presents'),
      ]);
      expect(audit.findings.map((finding) => finding.code)).not.toContain('stale-registration');
      // Who holds the providers is still proven, one grade weaker.
      const grades = audit.inventory.providers.flatMap((provider) =>
        provider.endpoints.map((endpoint) => endpoint.holder?.grade),
      );
      expect(new Set(grades.filter((grade) => grade !== undefined))).toEqual(new Set(['issued-certificates']));
    } finally {
      await blind.close();
    }
  });

  const told = (pem: string) => ({
    fingerprint: `SHA256 ${openssl(pem, '-fingerprint', '-sha256').split('=')[1]}`,
    serial: openssl(pem, '-serial').split('=')[1]?.toLowerCase().replace(/^0+/, ''),
    notAfter: new Date(openssl(pem, '-enddate').split('=')[1] ?? '').getTime(),
  });
  const ours = ({ certificate }: PresentedCertificate) => ({
    fingerprint: fingerprintText(certificate?.sha256 ?? ''),
    serial: certificate?.serial.replace(/^0+/, ''),
    notAfter: certificate?.notAfter.getTime(),
  });
});
