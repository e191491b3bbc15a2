import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { type LabOptions, type RunningLab, startLab } from '../../src/lab/start-lab.js';
import { ask, shakeHands } from '../support/lab-request.js';

async function withLab(options: LabOptions, body: (lab: RunningLab) => Promise<void>): Promise<void> {
  const lab = await startLab('linked-mode', { withoutSsh: true, ...options });
  try {
    await body(lab);
  } finally {
    await lab.close();
  }
}

const https = (lab: RunningLab, id: string) => lab.ports.https.get(id) ?? 0;

function basic(lab: RunningLab, id: string): Record<string, string> {
  const username = 'administrator@vsphere.local';
  const password = lab.env[`LAB_${id.toUpperCase()}_PASSWORD`] ?? '';
  return { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` };
}

async function session(lab: RunningLab, id: string): Promise<Record<string, string>> {
  const answered = await ask(https(lab, id), '/api/session', { method: 'POST', headers: basic(lab, id) });
  return { 'vmware-api-session-id': JSON.parse(answered.body.toString()) as string };
}

describe('a fault', () => {
  test('wrong-password: the variable holds a password that is refused, at that vCenter alone', () =>
    withLab({ faults: [{ kind: 'wrong-password', where: 'vca' }] }, async (lab) => {
      const status = async (id: string) =>
        (await ask(https(lab, id), '/api/session', { method: 'POST', headers: basic(lab, id) })).status;
      expect([await status('vca'), await status('vcb')]).toEqual([401, 201]);
    }));

  test('dead: nothing listens on the port in estate.yaml', () =>
    withLab(
      {
        faults: [
          { kind: 'dead', where: 'vca' },
          { kind: 'dead', where: 'array1-CT1' },
        ],
      },
      async (lab) => {
        expect(lab.estateYaml()).toContain(`connectTo: 127.0.0.1:${https(lab, 'vca')}`);
        await expect(ask(https(lab, 'vca'), '/')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
        await expect(shakeHands(lab.ports.providers.get('array1-CT1') ?? 0)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
        expect((await ask(https(lab, 'vcb'), '/')).status).toBe(404);
      },
    ));

  test('garbage at rest: neither JSON nor a ZIP archive, while SOAP is as ever', () =>
    withLab({ faults: [{ kind: 'garbage', where: 'vca', at: 'rest' }] }, async (lab) => {
      const answered = await ask(https(lab, 'vca'), '/api/session', { method: 'POST', headers: basic(lab, 'vca') });
      expect(() => JSON.parse(answered.body.toString())).toThrow();
      const bundle = await ask(https(lab, 'vca'), '/certs/download.zip');
      expect(bundle.body.subarray(0, 4).toString('latin1')).not.toBe('PK\u0003\u0004');
      const soap = await ask(https(lab, 'vca'), '/sdk', { method: 'POST', body: '<x/>' });
      expect(soap.status).toBe(500);
    }));

  test('garbage at tls: bytes that are no handshake', () =>
    withLab(
      {
        faults: [
          { kind: 'garbage', where: 'vca', at: 'tls' },
          { kind: 'garbage', where: 'array1-CT0', at: 'tls' },
        ],
      },
      async (lab) => {
        for (const port of [https(lab, 'vca'), lab.ports.providers.get('array1-CT0') ?? 0]) {
          await expect(shakeHands(port)).rejects.toThrow();
          expect((await firstBytes(port)).toString('latin1')).toMatch(/^HTTP\/1\.0 400/);
        }
      },
    ));

  test('session-expires: the session ends after so many calls, and a new one works', () =>
    withLab({ faults: [{ kind: 'session-expires', where: 'vca', afterCalls: 2, form: 'fault' }] }, async (lab) => {
      const path = '/api/vcenter/topology/nodes';
      const headers = await session(lab, 'vca');
      const statuses = [];
      for (let call = 0; call < 4; call++) statuses.push((await ask(https(lab, 'vca'), path, { headers })).status);
      expect(statuses).toEqual([200, 200, 401, 401]);
      expect((await ask(https(lab, 'vca'), path, { headers: await session(lab, 'vca') })).status).toBe(200);
    }));

  test('huge-answer at a provider: as many bytes as asked for', () =>
    withLab({ faults: [{ kind: 'huge-answer', where: 'array1-CT0', bytes: 3_000_000 }] }, async (lab) => {
      const { body } = await ask(lab.ports.providers.get('array1-CT0') ?? 0, '/version.xml');
      expect(body.length).toBe(3_000_000);
    }));

  test('slow: every answer of that vCenter comes no earlier than said', () =>
    withLab({ faults: [{ kind: 'slow', where: 'vca', ms: 150 }], latencyMs: 50 }, async (lab) => {
      const elapsed = async (id: string) => {
        const start = performance.now();
        await ask(https(lab, id), '/nothing');
        return performance.now() - start;
      };
      expect(await elapsed('vca')).toBeGreaterThanOrEqual(195);
      expect(await elapsed('vcb')).toBeGreaterThanOrEqual(45);
    }));
});

function firstBytes(port: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    const parts: Buffer[] = [];
    socket.on('data', (part) => parts.push(part));
    socket.on('end', () => resolve(Buffer.concat(parts)));
    socket.on('error', reject);
    socket.write('hello\n');
  });
}
