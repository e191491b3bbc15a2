import { openContext } from '../../src/collect/collect-context.js';
import { connectShell } from '../../src/collect/from-appliance.js';
import { probeAppliance } from '../../src/collect/probe-appliance.js';
import { shows } from '../../src/execute/appliance-state.js';
import { buildInventory } from '../../src/inventory/build-inventory.js';
import type { RunningLab } from '../../src/lab/start-lab.js';
import type { ApplianceProbes } from '../../src/model/appliance-probes.js';
import type { Act, Check, CleanupStep, SmsExpectation } from '../../src/model/cleanup-plan.js';
import type { Inventory } from '../../src/model/inventory.js';
import type { Result } from '../../src/model/problem.js';
import { namesToResolve } from '../../src/plan/cleanup-gates.js';
import { openHttps } from '../../src/wire/https.js';
import { openSms } from '../../src/wire/sms-client.js';
import { openSmsTasks } from '../../src/wire/sms-tasks.js';
import { connectVim } from '../../src/wire/vim-client.js';
import { auditLab, collectDeps, configOf } from './audit-lab.js';

/** What `cleanup --dry-run` plans from: an audit of the lab and one more look at the appliance. */
export async function lookFor(lab: RunningLab, vcenter: string): Promise<{ inventory: Inventory; probes: ApplianceProbes }> {
  const { bundle } = await auditLab(lab);
  const inventory = buildInventory(bundle);
  const config = await configOf(lab);
  const [at, known] = [inventory.vcenters.find(({ id }) => id === vcenter), config.vcenters.find(({ id }) => id === vcenter)];
  if (!at || !known) throw new Error(`the lab has no ${vcenter}`);
  return { inventory, probes: await probeAppliance(known, namesToResolve(inventory, at), openContext(collectDeps(lab))) };
}

/** An operator at one vCenter: a root shell, and the list of storage providers. */
export interface Hands {
  /** Does what the step says and looks until its checks hold; which of them did not. */
  play(step: CleanupStep): Promise<readonly string[]>;
  undo(step: CleanupStep): Promise<void>;
  close(): Promise<void>;
}

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

function value<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.error.code}: ${result.error.summary}`);
  return result.value;
}

/** @param limitMs how long checks may take to hold */
export async function openHands(lab: RunningLab, vcenter: string, limitMs = 3_000): Promise<Hands> {
  const config = (await configOf(lab)).vcenters.find(({ id }) => id === vcenter);
  if (config?.ssh === undefined || config.tls.kind !== 'fingerprint') throw new Error(`no way to ${vcenter}`);
  const context = openContext(collectDeps(lab));
  const shell = value(await connectShell(vcenter, config.ssh, context));
  const { address, port, connectTo, username } = config;
  const https = openHttps({
    address,
    port,
    connectTo,
    trust: { kind: 'fingerprint', sha256: config.tls.sha256 },
    label: vcenter,
  });
  const password = value(await context.readSecret(config.password, vcenter));
  const vim = value((await connectVim(https, { username, password, verdict: {} }, vcenter)).session);
  const time = { limitMs, now: () => performance.now(), wait: sleep };
  const tasks = openSmsTasks(https, vim);
  const sms = openSms(https, vim);

  async function act(one: Act): Promise<void> {
    if (one.by === 'sms') {
      // Its end is not asked for: what counts is the fresh list.
      await tasks.waitFor(value(await tasks.unregister(one.unregister)), time);
    } else if (one.by === 'ssh') {
      const output = value(await shell.run(one.argv, { timeoutMs: 20_000 }));
      if (output.code !== 0) throw new Error(`${one.argv.join(' ')}: ${output.stdout}${output.stderr}`);
    }
  }

  async function holds(check: Check): Promise<boolean> {
    if (check.by === 'ssh') return shows(value(await shell.run(check.argv)), check.expect);
    for (let time = 0; time < check.expect.times; time += 1) if (!(await lists(check.expect))) return false;
    return true;
  }

  async function lists({ absent = [], offline = [] }: SmsExpectation): Promise<boolean> {
    const found = await sms.queryRegistrations();
    if (!found.ok) return false;
    const status = new Map(found.value.map((one) => [one.uid, one.status]));
    return absent.every((uid) => !status.has(uid)) && offline.every((uid) => (status.get(uid) ?? 'offline') === 'offline');
  }

  return {
    async play(step) {
      for (const one of step.do) await act(one);
      // Whole seconds of the procedure, as long as the lab's are.
      await sleep((step.wait?.least ?? 0) * lab.world.timing.retrySecondMs);
      const until = performance.now() + (step.wait === undefined ? 0 : limitMs);
      for (;;) {
        const failed: string[] = [];
        for (const check of step.check) if (!(await holds(check))) failed.push(`${step.id}: ${JSON.stringify(check)}`);
        if (failed.length === 0 || performance.now() >= until) return failed;
        await sleep(10);
      }
    },
    async undo(step) {
      for (const one of step.undo) await act(one);
    },
    async close() {
      await shell.close();
      await vim.logout();
      await https.close();
    },
  };
}
