import { openContext } from '../../src/collect/collect-context.js';
import { connectShell } from '../../src/collect/from-appliance.js';
import type { SmsProviderRecord } from '../../src/model/evidence.js';
import type { DerBase64 } from '../../src/model/ids.js';
import type { Result } from '../../src/model/problem.js';
import { openHttps } from '../../src/wire/https.js';
import { connectRest } from '../../src/wire/rest-client.js';
import { openSms } from '../../src/wire/sms-client.js';
import { openSmsTasks, type SmsTaskInfo, type SmsTasks } from '../../src/wire/sms-tasks.js';
import { callSoap, type Ref } from '../../src/wire/soap.js';
import { connectVim, type StorageView } from '../../src/wire/vim-client.js';
import { collectDeps, configOf, type Lab } from './audit-lab.js';

/** What an operator has open at one vCenter: root's shell and its API, over the product's own clients. Everything throws where it fails. */
export interface VcenterHands {
  readonly tasks: SmsTasks;
  readonly password: string;
  registrations(): Promise<readonly SmsProviderRecord[]>;
  storage(): Promise<StorageView>;
  hostAnchors(ref: string): Promise<readonly DerBase64[]>;
  refreshHost(ref: string): Promise<void>;
  /** As a script does it by REST, on a vCenter that has `/api`. */
  publishByRest(chain: readonly string[]): Promise<void>;
  /** undefined: this vCenter has no such call. */
  rootsByRest(): Promise<readonly DerBase64[] | undefined>;
  /** One block of lines, typed into bash; `dir-cli` is told the password. What it printed. */
  paste(block: string): Promise<string>;
  /** @param waits lets the lab's time pass */
  finish(task: Result<Ref>, waits: (ms: number) => void): Promise<SmsTaskInfo>;
  close(): Promise<void>;
}

export async function openHandsAt(lab: Lab, id: string): Promise<VcenterHands> {
  const config = (await configOf(lab)).vcenters.find((one) => one.id === id);
  if (config?.ssh === undefined || config.tls.kind !== 'fingerprint') throw new Error(`no way to ${id}`);
  const context = openContext(collectDeps(lab));
  const shell = value(await connectShell(id, config.ssh, context));
  const { address, port, connectTo, username } = config;
  const trust = { kind: 'fingerprint', sha256: config.tls.sha256 } as const;
  const https = openHttps({ address, port, ...(connectTo === undefined ? {} : { connectTo }), trust, label: id });
  const password = value(await context.readSecret(config.password, id));
  const vim = value((await connectVim(https, { username, password, verdict: {} }, id)).session);
  const sms = openSms(https, vim);
  const tasks = openSmsTasks(https, vim);
  return {
    tasks,
    password,
    registrations: async () => value(await sms.queryRegistrations()),
    storage: async () => value(await vim.storageView({ trustAnchors: false })),
    hostAnchors: async (ref) => value(await vim.hostTrustAnchors(ref)),
    async refreshHost(ref) {
      const done = await callSoap(https, {
        path: '/sdk',
        namespace: 'urn:vim25',
        version: vim.apiVersion,
        method: 'CertMgrRefreshCACertificatesAndCRLs_Task',
        self: { type: 'CertificateManager', value: 'certificateManager' },
        args: [{ name: 'host', ref: { type: 'HostSystem', value: ref } }],
        cookie: `vmware_soap_session="${vim.cookie}"`,
        readsOnly: false,
      });
      if (!done.ok) throw new Error(done.error.problem.summary);
    },
    async publishByRest(chain) {
      const authorization = `Basic ${btoa(`${username}:${password}`)}`;
      const loggedIn = await https.request({ method: 'POST', path: '/api/session', headers: { authorization } });
      const session = JSON.parse(Buffer.from(value(loggedIn).body).toString()) as string;
      const added = await https.request({
        method: 'POST',
        path: '/api/vcenter/certificate-management/vcenter/trusted-root-chains',
        headers: { 'vmware-api-session-id': session, 'content-type': 'application/json' },
        body: JSON.stringify({ cert_chain: { cert_chain: chain } }),
      });
      if (value(added).status !== 201) throw new Error(`${id}: ${Buffer.from(value(added).body).toString()}`);
    },
    async rootsByRest() {
      const rest = value(await connectRest(https, { username, password, verdict: {} }, id, vim.about.version));
      const roots = await rest.trustedRoots();
      await rest.logout();
      return !roots.ok && roots.error.code === 'not-supported' ? undefined : value(roots);
    },
    async paste(block) {
      const stdin = block.includes('dir-cli') ? `${password}\n` : '';
      const ran = value(await shell.run(['bash', '-c', block], { stdin, timeoutMs: 20_000 }));
      if (ran.code !== 0) throw new Error(`${id}: ${block}\n${ran.stdout}${ran.stderr}`);
      return ran.stdout;
    },
    async finish(task, waits) {
      const wait = async (ms: number): Promise<void> => waits(ms);
      return value(await tasks.waitFor(value(task), { limitMs: 300_000, now: () => Date.now(), wait }));
    },
    async close() {
      await shell.close();
      await vim.logout();
      await https.close();
    },
  };
}

export function value<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.error.code}: ${result.error.summary}`);
  return result.value;
}
