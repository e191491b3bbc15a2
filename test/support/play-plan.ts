import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { installCertificate } from '../../src/lab/provider-model.js';
import { settle } from '../../src/lab/sps-model.js';
import type { RunningLab } from '../../src/lab/start-lab.js';
import type { SmsProviderRecord } from '../../src/model/evidence.js';
import { type DerBase64, derBase64 } from '../../src/model/ids.js';
import type { Plan, Step } from '../../src/model/plan.js';
import type { StepText } from '../../src/plan/describe-step/step-text.js';
import { describeStep } from '../../src/plan/describe-step.js';
import { renderPlan } from '../../src/report/render-plan.js';
import { certificatesInPem } from '../../src/x509/parse.js';
import type { Ran } from '../cli/run-command.js';
import { OutageWatch, type Seconds } from './outage-watch.js';
import type { StandingClock } from './standing-clock.js';
import { openHandsAt, type VcenterHands } from './vcenter-hands.js';

const run = promisify(execFile);

export interface Desk {
  readonly lab: RunningLab;
  readonly plan: Plan;
  readonly clock: StandingClock;
  /** Holds `plan.json`, `estate.yaml`, `external-ca.pem`, and in `requests` what `ca import` laid down. */
  readonly folder: string;
  /** The command, in that folder. */
  vasatrust(...argv: readonly string[]): Promise<Ran>;
  /** What the array does with its new certificate; by default it keeps it. */
  readonly retains?: boolean | undefined;
}

export interface Played {
  /** vCenter → what was observed. */
  readonly outages: ReadonlyMap<string, Seconds>;
  /** Registrations that the plain removal left behind, so that the procedure was needed. */
  readonly procedures: number;
  /** Steps that took longer in the lab than their longest time. */
  readonly overdue: readonly string[];
}

/** How much of a step's longest time an operator takes here, from the first change on. An assumption about people: the lab has none. */
const PACE = 0.75;

/**
 * Plays every step of a plan against the lab as an operator would who has the runbook before him: its commands on the appliances, its probes with
 * OpenSSL, `vasatrust` itself, the product's own clients where the runbook says PowerCLI, and the lab's array side. Throws at the first check
 * that does not hold.
 */
export async function playPlan(desk: Desk): Promise<Played> {
  const operator = new Operator(desk);
  try {
    return await operator.playAll();
  } finally {
    await operator.close();
  }
}

class Operator {
  readonly #desk: Desk;
  readonly #runbook: string;
  readonly #hands = new Map<string, Promise<VcenterHands>>();
  readonly #leaves = new Map<string, string>();
  #procedures = 0;

  constructor(desk: Desk) {
    this.#desk = desk;
    this.#runbook = renderPlan(desk.plan, 'md', new Date(), { planFile: 'plan.json' });
  }

  async playAll(): Promise<Played> {
    const { plan, clock } = this.#desk;
    const watch = new OutageWatch();
    const overdue: string[] = [];
    let changing = false;
    for (const step of plan.steps) {
      changing ||= step.id === plan.pointOfNoReturn;
      // What is missing before the change begins is missing from its first step on.
      if (step.kind === 'install-certificate') watch.begin(await this.#paths(arraysOf(plan, step.providers)), clock.now());
      const begun = clock.now();
      await this.#play(step, describeStep(step, plan, { planFile: 'plan.json' }));
      const took = clock.now() - begun;
      if (took > step.seconds.most * 1000) overdue.push(`${step.id}: ${took / 1000} s`);
      if (!changing) continue;
      const pause = Math.max(0, PACE * step.seconds.most * 1000 - took);
      clock.advance(pause);
      watch.look(await this.#paths(arraysOf(plan)), begun, pause, clock.now());
    }
    return { outages: watch.ended(), procedures: this.#procedures, overdue };
  }

  /** `vcenter array` → whether SMS shows some provider of the array online. */
  async #paths(arrays: readonly string[]): Promise<Map<string, boolean>> {
    const { lab, plan } = this.#desk;
    const paths = new Map<string, boolean>();
    for (const { vcenter } of plan.outages) {
      const found = await this.#registrations(vcenter);
      const uses = new Set(lab.world.vcenters.find(({ id }) => id === vcenter)?.datastores.map(({ arrayId }) => arrayId));
      for (const array of arrays) {
        if (!uses.has(array)) continue;
        const serves = (one: SmsProviderRecord) => one.status === 'online' && one.arrays.some(({ arrayId }) => arrayId === array);
        paths.set(`${vcenter} ${array}`, found.some(serves));
      }
    }
    return paths;
  }

  async #play(step: Step, words: StepText): Promise<void> {
    switch (step.kind) {
      case 'confirm-evidence':
        return this.#vasatrust(step, 'plan', 'check', 'plan.json');
      case 'publish-roots':
        if (step.by === 'rest') return (await this.#at(step.vcenter)).publishByRest(this.#caPems());
        await this.#paste(step.vcenter, this.#block('cat > /tmp/external-ca.pem'));
        await this.#pasteAll(step.vcenter, words);
        return;
      case 'confirm-roots': {
        const counts = (await this.#pasteAll(step.vcenter, words)).trim().split('\n').map(Number);
        this.#holds(step, counts.length === step.certificates.length && counts.every((count) => count > 0), counts.join());
        const roots = await (await this.#at(step.vcenter)).rootsByRest();
        return this.#holds(
          step,
          roots === undefined || this.#ca().every((one) => roots.includes(one)),
          'REST tells of other roots',
        );
      }
      case 'confirm-names':
        for (const { vcenter, host } of step.used) {
          const found = await this.#paste(vcenter, `getent ahosts '${host}'`);
          this.#holds(step, found !== '', `${host} does not resolve in ${vcenter}`);
        }
        return;
      case 'push-host-roots': {
        const hands = await this.#at(step.vcenter);
        const before = await this.#ioFilter(step);
        await hands.refreshHost(step.ref);
        this.#holds(step, (await this.#ioFilter(step)) === before, 'the IO-filter provider went offline');
        const anchors = new Set(await hands.hostAnchors(step.ref));
        return this.#holds(
          step,
          this.#ca().every((one) => anchors.has(one)),
          'the host lacks a CA',
        );
      }
      case 'install-certificate':
        for (const id of step.providers) this.#install(id, step.certificate);
        return;
      case 'confirm-certificate':
        this.#leaves.set(step.certificate, await this.#probe(step, words));
        return;
      case 'remove-registration':
        return this.#remove(step);
      case 'register-provider':
        return this.#register(step, words);
      case 'confirm-retained': {
        this.#holds(step, (await this.#probe(step, words)) === this.#leaves.get(step.certificate), 'the leaf changed');
        return this.#holds(step, (await this.#registration(step))?.retained === true, 'not retained');
      }
      case 'confirm-online':
        return this.#confirmOnline(step);
      case 'confirm-controller':
        for (const vcenter of step.vcenters) {
          const urls = this.#desk.plan.providers.flatMap((one) => (one.certificate === step.certificate ? one.urls : []));
          const online = (await this.#registrations(vcenter)).some(
            (one) => urls.includes(one.url as never) && one.status === 'online',
          );
          this.#holds(step, online, `${vcenter} is not online there`);
        }
        return;
      case 'final-audit':
        return this.#vasatrust(step, 'audit', '--save-evidence', 'after.json');
      // Looks at clocks, backups, plug-ins and the calendar: nothing of that is in the lab. Certificates were obtained before.
      case 'confirm-clocks':
      case 'confirm-backup':
      case 'hold-automation':
      case 'obtain-certificates':
      case 'look-after':
        return;
    }
  }

  #ca(): readonly DerBase64[] {
    const certificates = this.#desk.plan.externalCa?.certificates ?? [];
    if (certificates.length === 0) throw new Error('the plan has no CA');
    return certificates;
  }

  #caPems(): string[] {
    return this.#ca().map((der) => new X509Certificate(Buffer.from(der, 'base64')).toString());
  }

  async #ioFilter(step: Extract<Step, { kind: 'push-host-roots' }>): Promise<string | undefined> {
    const found = await this.#registrations(step.vcenter);
    return found.find(({ name, url }) => name.startsWith('IOFILTER') && url.includes(step.host))?.status;
  }

  async #confirmOnline(step: Extract<Step, { kind: 'confirm-online' }>): Promise<void> {
    this.#holds(step, (await this.#registration(step))?.status === 'online', 'not online');
    const { datastores } = await (await this.#at(step.vcenter)).storage();
    for (const name of step.datastores) {
      const found = datastores.find((one) => one.name === name);
      this.#holds(step, found?.accessible === true, `${name} is not accessible`);
      this.#holds(
        step,
        found?.mounts.every(({ accessible }) => accessible === true) === true,
        `${name} is not accessible on every host`,
      );
    }
    const { steps } = this.#desk.plan;
    const before = steps
      .slice(0, steps.indexOf(step))
      .flatMap((one) => (one.kind === 'confirm-online' && one.provider === step.provider ? [one] : []));
    this.#holds(step, before.length === step.before, 'the plan counts other vCenters');
    for (const other of before)
      this.#holds(step, (await this.#registration(other))?.status === 'online', `${other.vcenter} went offline`);
  }

  #holds(step: Step, holds: boolean, why: string): void {
    if (!holds) throw new Error(`${step.id}: ${why}`);
  }

  async #vasatrust(step: Step, ...argv: readonly string[]): Promise<void> {
    const { code, stdout, stderr } = await this.#desk.vasatrust(...argv);
    this.#holds(step, code === 0, `${argv.join(' ')}: exit code ${code}\n${stdout}${stderr}`);
  }

  /** The shell commands of a step, as they stand in the runbook; what they print. */
  async #pasteAll(vcenter: string, words: StepText): Promise<string> {
    let output = '';
    for (const block of shellBlocks(words)) output += await this.#paste(vcenter, block.join('\n'));
    return output;
  }

  async #paste(vcenter: string, block: string): Promise<string> {
    return (await this.#at(vcenter)).paste(block);
  }

  /** A block of the runbook's appendices, by what is in it. */
  #block(holds: string): string {
    const found = [...this.#runbook.matchAll(/```sh\n([\s\S]*?)\n```/g)].find(([, text]) => text?.includes(holds));
    if (found?.[1] === undefined) throw new Error(`the runbook has no block with ${holds}`);
    return found[1];
  }

  /** The storage administrator's part. */
  #install(id: string, certificate: string): void {
    const { lab, plan, folder, retains = true } = this.#desk;
    const name = plan.providers.find((one) => one.id === id)?.name;
    const provider = lab.world.providers.find((one) => one.name === name);
    if (provider === undefined) throw new Error(`the lab has no provider ${name}`);
    const text = (suffix: string) => readFileSync(join(folder, 'requests', `${certificate}${suffix}`), 'utf8');
    const chain = certificatesInPem(text('-chain.pem'));
    const [leaf] = certificatesInPem(text('.crt'));
    if (leaf === undefined || chain[0] !== leaf) throw new Error(`the chain of ${certificate} does not begin with its leaf`);
    const identity = {
      certificate: derBase64(Buffer.from(leaf, 'base64')),
      certificatePem: text('.crt'),
      privateKeyPem: text('.key'),
    };
    settle(lab.world);
    installCertificate(provider, { identity, chain }, { retained: retains });
  }

  /** The runbook's own probes, led to where the lab listens; the fingerprint. */
  async #probe(step: Step, words: StepText): Promise<string> {
    const { lab, folder } = this.#desk;
    const ports = new Map(
      lab.world.providers.flatMap(({ name, host, addresses }) =>
        [host, ...addresses].map((at) => [at, lab.ports.providers.get(name)] as const),
      ),
    );
    const lines = shellBlocks(words).flatMap((block) => block.filter((line) => line.startsWith('openssl')));
    let output = '';
    for (const line of lines) {
      const [, host = ''] = /-connect '?([^:' ]+):\d+/.exec(line) ?? [];
      const here = line.replace(/-connect '?[^ ']+'?/, `-connect 127.0.0.1:${ports.get(host)}`);
      output += (await run('bash', ['-c', here], { cwd: folder })).stdout;
    }
    this.#holds(step, lines.length > 0 && (output.match(/Verification: OK/g) ?? []).length === lines.length / 2, output);
    const fingerprints = new Set([...output.matchAll(/Fingerprint=([0-9A-F:]+)/gi)].map(([, text]) => text));
    this.#holds(step, fingerprints.size === 1, output);
    return [...fingerprints][0] ?? '';
  }

  async #remove(step: Extract<Step, { kind: 'remove-registration' }>): Promise<void> {
    if (await this.#unregister(step)) return;
    this.#procedures++;
    const { lab, clock } = this.#desk;
    const begin = this.#block('ip route add unreachable').replace("ADDRESSES=''", `ADDRESSES='${step.addresses.join(' ')}'`);
    // Another shell than before, unlike an operator's.
    const variables = begin.split('\n').slice(0, 2).join('\n');
    const printed = await clock.running(() => this.#paste(step.vcenter, begin));
    this.#holds(step, (printed.match(/<retryAttempt>4</g) ?? []).length === 1, printed);
    await this.#untilHealthy(step.vcenter);
    const isOffline = async () => (await this.#registration(step))?.status === 'offline';
    // "Two minutes at least": then the operator looks every half minute.
    clock.advance(120_000);
    for (let looks = 0; looks < 20 && !(await isOffline()); looks++) clock.advance(30_000);
    this.#holds(step, await isOffline(), 'not offline while it is blocked');
    this.#holds(step, await this.#unregister(step), 'it is still listed after the procedure');
    await clock.running(() => this.#paste(step.vcenter, `${variables}\n${this.#block('ip route del unreachable')}`));
    await this.#untilHealthy(step.vcenter);
    const appliance = lab.world.vcenters.find(({ id }) => id === step.vcenter)?.appliance;
    this.#holds(
      step,
      appliance?.routes.every((route) => step.addresses.every((address) => !route.includes(address))) === true,
      'the route is still there',
    );
    this.#holds(step, appliance?.sps.retryAttempt === 99_999, 'the setting is still changed');
  }

  /** Whether a fresh query no longer lists it. */
  async #unregister(step: Extract<Step, { kind: 'remove-registration' }>): Promise<boolean> {
    const hands = await this.#at(step.vcenter);
    await hands.finish(await hands.tasks.unregister(step.uid), (ms) => this.#desk.clock.advance(ms));
    return !(await this.#registrations(step.vcenter)).some(({ uid }) => uid === step.uid);
  }

  async #untilHealthy(vcenter: string): Promise<void> {
    for (let looks = 0; looks < 60; looks++) {
      if (/HealthState: HEALTHY/.test(await this.#paste(vcenter, '/usr/lib/vmware-vmon/vmon-cli --status sps'))) return;
      this.#desk.clock.advance(10_000);
    }
    throw new Error(`SPS of ${vcenter} never turned healthy`);
  }

  /** Asks first, where the runbook says so. */
  async #register(step: Extract<Step, { kind: 'register-provider' }>, words: StepText): Promise<void> {
    for (const [line = ''] of shellBlocks(words)) {
      const [, ...argv] = line.replaceAll("'", '').split(' ');
      await this.#vasatrust(step, ...argv);
    }
    const { lab, plan, clock } = this.#desk;
    const name = plan.providers.find(({ id }) => id === step.provider)?.name;
    const credentials = lab.world.providers.find((one) => one.name === name)?.credentials ?? { username: '', password: '' };
    const hands = await this.#at(step.vcenter);
    const task = await hands.tasks.register({ name: step.name, url: step.url, ...credentials });
    const info = await hands.finish(task, (ms) => clock.advance(ms));
    this.#holds(step, info.state === 'success', `${info.error?.type}: ${info.error?.message}`);
  }

  async #registration(of: { readonly vcenter: string; readonly url: string }): Promise<SmsProviderRecord | undefined> {
    return (await this.#registrations(of.vcenter)).find((one) => one.url === of.url);
  }

  async #registrations(vcenter: string): Promise<readonly SmsProviderRecord[]> {
    return (await this.#at(vcenter)).registrations();
  }

  #at(vcenter: string): Promise<VcenterHands> {
    const opened = this.#hands.get(vcenter) ?? openHandsAt(this.#desk.lab, vcenter);
    this.#hands.set(vcenter, opened);
    return opened;
  }

  async close(): Promise<void> {
    for (const hands of await Promise.allSettled(this.#hands.values()))
      if (hands.status === 'fulfilled') await hands.value.close();
  }
}

const shellBlocks = ({ does }: StepText): (readonly string[])[] =>
  does.flatMap((one) => (one.kind === 'command' && one.language === 'sh' ? [one.lines] : []));

const arraysOf = (plan: Plan, providers?: readonly string[]): string[] => [
  ...new Set(plan.providers.flatMap(({ id, arrays }) => (providers === undefined || providers.includes(id) ? arrays : []))),
];
