import { describe, expect, test } from 'vitest';
import { startLab } from '../../src/lab/start-lab.js';
import { renderAudit } from '../../src/report/render-audit.js';
import { auditLab, LAB_TIMING } from '../support/audit-lab.js';

const ESCAPE = '\u001b[31mred\u001b[0m\u009b2J\u202egnp.exe\u200b<script>alert(1)</script>|`$(id)`\u0007';

describe('names from outside', () => {
  test('reach no terminal as control characters, and no secret is in anything that is printed or saved', async () => {
    const lab = await startLab('clash', {
      prepare: (world) => {
        for (const vcenter of world.vcenters) {
          for (const registration of vcenter.registrations)
            registration.name = `${registration.name} ${ESCAPE.replaceAll('\u001b', '')}`;
          for (const vm of vcenter.vms) Object.assign(vm, { name: `vm ${ESCAPE.replaceAll(/[\u001b\u0007]/g, '')}` });
        }
      },
    });
    try {
      const { audit, bundle } = await auditLab(lab);
      const outputs = (['table', 'json', 'md'] as const).map((format) => [format, renderAudit(audit, format)] as const);
      for (const [format, text] of outputs) {
        expect(
          text.match(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2066-\u2069]/g),
          format,
        ).toBeNull();
      }
      expect(outputs.find(([format]) => format === 'md')?.[1]).not.toContain('<script>');
      const everything = [...outputs.map(([, text]) => text), JSON.stringify(bundle), JSON.stringify(lab.record)].join('\n');
      for (const secret of Object.values(lab.env)) {
        expect(secret.length).toBeGreaterThan(7);
        expect(everything).not.toContain(secret);
        expect(everything).not.toContain(Buffer.from(secret).toString('base64'));
      }
    } finally {
      await lab.close();
    }
  });
});

describe('answers from hell', () => {
  test('ten thousand providers in one answer are all there, each once', async () => {
    const lab = await startLab('external-ca', {
      withoutSsh: true,
      prepare: (world) => {
        const [vcenter] = world.vcenters;
        const [first] = vcenter?.registrations ?? [];
        if (vcenter === undefined || first === undefined) throw new Error('nothing registered');
        for (let index = 0; index < 10_000; index++)
          vcenter.registrations.push({ ...first, uid: `uid-${index}`, ref: `VasaProvider-many-${index}`, name: `many ${index}` });
      },
    });
    try {
      const { audit } = await auditLab(lab, { deps: { timing: { ...LAB_TIMING, sourceMs: 150_000 } } });
      const uids = audit.inventory.providers.flatMap((provider) => provider.registrations.map((one) => one.uid));
      expect(new Set(uids).size).toBe(uids.length);
      expect(uids.filter((uid) => uid.startsWith('uid-'))).toHaveLength(10_000);
      expect(renderAudit(audit, 'json').length).toBeGreaterThan(1_000_000);
    } finally {
      await lab.close();
    }
  }, 180_000);

  for (const form of ['fault', 'missing-set'] as const)
    test(`a session that expires in mid-run (${form}) costs nothing that can be seen`, async () => {
      for (const afterCalls of [2, 3, 5, 8]) {
        const lab = await startLab('clash', {
          withoutSsh: true,
          faults: [{ kind: 'session-expires', where: 'vc67', afterCalls, form }],
        });
        try {
          const { audit } = await auditLab(lab);
          expect(audit.gaps.filter((gap) => gap.source !== 'ssh')).toEqual([]);
          expect(
            audit.inventory.providers.flatMap((provider) => provider.registrations).filter((one) => one.vcenter === 'vc67')
              .length,
          ).toBeGreaterThan(1);
        } finally {
          await lab.close();
        }
      }
    });

  test('an answer of a hundred megabytes is a gap, in bounded memory', async () => {
    const lab = await startLab('clash', {
      withoutSsh: true,
      faults: [{ kind: 'huge-answer', where: 'vc67', bytes: 100 * 1024 * 1024 }],
    });
    try {
      const { audit } = await auditLab(lab);
      expect(audit.gaps.filter((gap) => gap.target === 'vc67').map((gap) => gap.problem.code)).toContain('too-large');
      expect(audit.inventory.providers.flatMap((provider) => provider.registrations).some((one) => one.vcenter === 'vc65')).toBe(
        true,
      );
    } finally {
      await lab.close();
    }
  });
});
