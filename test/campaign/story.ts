import type { Way } from '../../src/execute/ports.js';
import { type RunEnd, type RunParts, runCleanup } from '../../src/execute/run-plan.js';
import { rebootAppliance, switchOff, switchOn } from '../../src/lab/appliance-reboot.js';
import { SMS_CONFIG } from '../../src/lab/sps-life.js';
import type { LabFault } from '../../src/lab/world.js';
import type { JournalEntry, RunLetter } from '../../src/model/run.js';
import { DEFAULT_TIMING } from '../../src/model/timing.js';
import { runOnAppliance } from '../support/lab-shell.js';
import { openMemoryWay } from '../support/memory-link.js';
import { VirtualClock } from '../support/virtual-clock.js';
import type { PlannedSession, StoryPlan, Trouble } from './fault-plan.js';
import { letterOf } from './letters.js';
import { type Ending, judgeEnding } from './promises.js';
import { fileText } from './standing.js';
import { type Surroundings, ToolProcess } from './tool-process.js';
import { Watch } from './watch.js';
import { openStage, RUN, type Stage, VARIANTS, type Variant } from './worlds.js';

/** Parts of the run that a safety is taken out of; see safeties.ts. */
export type Sabotage = (parts: RunParts) => RunParts;

export interface StoryOptions {
  readonly sabotage?: Sabotage;
  readonly verbose?: boolean;
  /** In place of the numbered one. */
  readonly variant?: Variant;
  /** Before anything happens. */
  readonly prepare?: (stage: Stage) => void;
  /** Another way to the appliance than through memory. */
  readonly openWay?: (stage: Stage, clock: VirtualClock) => Promise<Way & { close(): Promise<void> }>;
}

/** What the appliance did by itself, seen before anybody came back. */
export interface Alone {
  readonly gone: number;
  /** Starts of SPS since the tool was last heard of; those of a boot do not count. */
  readonly starts: number;
  readonly retryAttempt: number;
}

export interface StoryEnd {
  readonly seed: number;
  readonly broken: readonly string[];
  /** What became of each process, in words. */
  readonly sessions: readonly string[];
  /** Where the first process was killed. */
  readonly killedAt?: RunLetter;
  readonly alone?: Alone;
  readonly gone: number;
  readonly trace: readonly string[];
  readonly journal: readonly JournalEntry[];
}

const TICK_MS = 4_000;
/** No process works longer than this; one that does hangs. */
const LONGEST_SESSION_S = 4 * 3_600;

/** Plays one story from its plan; the same plan gives the same story. */
export async function playStory(plan: StoryPlan, options: StoryOptions = {}): Promise<StoryEnd> {
  const { clock, ...stage } = await openStage(options.variant ?? plan.variant, (start) => new VirtualClock(start));
  options.prepare?.(stage);
  switchOn(stage.world, stage.vcenter);
  const way = await clock.run((options.openWay ?? memoryWay)(stage, clock));
  try {
    return await clock.run(new Story(plan, stage, clock, way, options).play());
  } finally {
    await way.close();
    switchOff(stage.world, stage.vcenter);
  }
}

async function memoryWay({ world, vcenter }: Stage): Promise<Way & { close(): Promise<void> }> {
  return Object.assign(openMemoryWay(world, vcenter.id), { close: async () => {} });
}

class Story {
  readonly #plan: StoryPlan;
  readonly #stage: Stage;
  readonly #clock: VirtualClock;
  readonly #options: StoryOptions;
  readonly #watch: Watch;
  readonly #lines: JournalEntry[] = [];
  readonly #sessions: string[] = [];
  readonly #around: Surroundings;
  #process: ToolProcess | undefined;
  #killedAt: RunLetter | undefined;
  #alone: Alone | undefined;
  #booted = false;
  #over = false;

  constructor(plan: StoryPlan, stage: Stage, clock: VirtualClock, way: Way, options: StoryOptions) {
    this.#plan = plan;
    this.#stage = stage;
    this.#clock = clock;
    this.#options = options;
    const watch = new Watch(stage, DEFAULT_TIMING, () => clock.uptimeMs());
    watch.verbose = options.verbose ?? false;
    this.#watch = watch;
    this.#around = {
      clock,
      way,
      lines: this.#lines,
      strike: (trouble) => this.#strike(trouble),
      saw: (name) => watch.look(name),
      endless: () => watch.break('a process went round in circles'),
      reached: (name) => watch.reached(name),
      asked: (what) => ('unregister' in what ? watch.unregister(what.unregister) : watch.listed(what.listed)),
    };
  }

  async play(): Promise<StoryEnd> {
    const ticking = this.#tick();
    this.#watch.note(`variant: ${(this.#options.variant ?? VARIANTS[this.#plan.variant])?.name}`);
    let end: RunEnd | undefined;
    for (const session of this.#plan.sessions) {
      if (end !== undefined && end.result !== 'left-changed') break;
      await this.#clock.sleep(session.afterS * 1_000);
      end = await this.#session(session);
    }
    if (end === undefined || end.result === 'left-changed') await this.#leaveAlone(end);
    // On a full disk the run gives itself up.
    const lostIt = this.#lines.some((line) => line.event === 'saw' && line.what === 'lease-lost');
    if (lostIt && !this.#watch.everTookOver && this.#watch.diskTroubleUntilS < 0)
      this.#watch.break('said that the appliance takes the run back, and it never did');
    this.#over = true;
    await ticking;
    return {
      seed: this.#plan.seed,
      broken: this.#watch.broken,
      sessions: this.#sessions,
      ...(this.#killedAt === undefined ? {} : { killedAt: this.#killedAt }),
      ...(this.#alone === undefined ? {} : { alone: this.#alone }),
      gone: this.#watch.planned.filter((uid) => this.#watch.gone.has(uid)).length,
      trace: this.#watch.trace,
      journal: this.#lines,
    };
  }

  /** One process, until it ends or is gone. */
  async #session({ mode, faults }: PlannedSession): Promise<RunEnd | undefined> {
    const process = new ToolProcess(this.#around, faults);
    this.#process = process;
    this.#watch.note(`--- ${mode}`);
    if (this.#lines.length === 0) this.#begin();
    const parts = this.#partsOf(process, mode);
    const overdue = this.#clock.sleep(LONGEST_SESSION_S * 1_000).then(() => 'overdue' as const);
    const end = await Promise.race([runCleanup(parts), process.crashed, overdue]);
    process.end();
    this.#process = undefined;
    // What was told to end has ended by then.
    if (end !== 'crashed') await this.#clock.sleep(1_000);
    if (end === 'crashed') {
      this.#killedAt ??= letterOf(this.#stage, this.#watch);
      this.#sessions.push(`${mode}: crashed after ${process.calls} calls`);
      this.#watch.note(`--- ${mode} crashed`);
      return undefined;
    }
    if (end === 'overdue') {
      this.#watch.break(`${mode} never ended`);
      return undefined;
    }
    this.#sessions.push(`${mode}: ${end.result}${end.left.length === 0 ? '' : ` (${end.left.join('; ')})`}`);
    this.#watch.note(`--- ${this.#sessions.at(-1)} ${end.problem?.summary ?? ''}`);
    this.#judge({ kind: 'ended', result: end.result, left: end.left, removed: end.removed, cutOff: process.cutOff });
    return end;
  }

  #begin(): void {
    this.#lines.push({
      seq: 1,
      at: this.#clock.now().toISOString() as JournalEntry['at'],
      event: 'begin',
      formatVersion: 1,
      run: RUN,
      plan: this.#stage.plan,
      timing: DEFAULT_TIMING,
      confirmed: 'yes',
    });
  }

  #partsOf(process: ToolProcess, mode: PlannedSession['mode']): RunParts {
    const parts: RunParts = {
      run: RUN,
      plan: this.#stage.plan,
      journal: process.journal,
      way: process.way,
      clock: process.clock,
      timing: DEFAULT_TIMING,
      operator: { mode, user: 'operator', host: 'desk', pid: 4711, madeBy: 'campaign' },
      say: (text) => this.#watch.note(`says: ${text}`),
      interrupted: process.interrupted.signal,
      mode,
    };
    return this.#options.sabotage?.(parts) ?? parts;
  }

  /** The appliance by itself, for as long as it may take; then somebody tidies up. */
  async #leaveAlone(end: RunEnd | undefined): Promise<void> {
    const { late } = this.#plan;
    this.#watch.note('--- nobody comes back');
    if (late !== undefined) {
      await this.#clock.sleep(late.afterS * 1_000);
      await this.#strike(late.trouble);
    }
    await this.#clock.sleep(600_000);
    this.#watch.look('');
    this.#alone = {
      gone: this.#watch.planned.filter((uid) => this.#watch.gone.has(uid)).length,
      starts: this.#watch.startsSinceContact,
      retryAttempt: this.#stage.vcenter.appliance.sps.retryAttempt,
    };
    if (this.#lines.some(({ event }) => event === 'intent')) this.#judge({ kind: 'by-itself', booted: this.#booted });
    if (end !== undefined && this.#watch.othersFile !== undefined) return;
    if (this.#watch.nowS < this.#watch.spsTroubleUntilS || this.#watch.nowS < this.#watch.diskTroubleUntilS) return;
    await this.#session({ mode: 'revert', afterS: 0, faults: [] });
  }

  #judge(ending: Ending): void {
    const broken = judgeEnding(this.#stage, this.#watch, ending);
    for (const one of broken) this.#watch.break(ending.kind === 'by-itself' ? `nobody came back: ${one}` : one);
  }

  async #tick(): Promise<void> {
    while (!this.#over) {
      await this.#clock.sleep(TICK_MS);
      this.#watch.look('');
    }
  }

  /** What others do to the appliance. */
  async #strike(trouble: Trouble): Promise<void> {
    const { world, vcenter } = this.#stage;
    const watch = this.#watch;
    watch.note(`trouble: ${JSON.stringify(trouble)}`);
    const { files } = vcenter.appliance;
    switch (trouble.kind) {
      case 'reboot':
        this.#booted = true;
        this.#process?.cut(0);
        watch.goesDown();
        await rebootAppliance(world, vcenter);
        watch.booted();
        break;
      case 'clock-jump':
        if (trouble.who === 'appliance') vcenter.appliance.clockAheadMs += trouble.seconds * 1_000;
        break;
      case 'edit-file': {
        const file = files.get(SMS_CONFIG);
        if (file === undefined) break;
        const content = Buffer.concat([file.content, Buffer.from('<!-- edited by hand -->\n')]);
        files.set(SMS_CONFIG, { ...file, content, mtimeMs: world.now().getTime() });
        watch.othersFile = fileText(vcenter);
        break;
      }
      case 'remove-registration': {
        const uid = watch.planned[trouble.which];
        const at = vcenter.registrations.findIndex((one) => one.uid === uid);
        if (at < 0 || uid === undefined) break;
        watch.goneByOthers.add(uid);
        vcenter.registrations.splice(at, 1);
        break;
      }
      case 'sps-start':
        this.#fault({ kind: 'sps-start', where: vcenter.id, how: trouble.how }, trouble.forS);
        watch.spsTroubleUntilS = Math.max(watch.spsTroubleUntilS, watch.nowS + trouble.forS + 400);
        break;
      case 'service-control':
        this.#fault({ kind: 'service-control', where: vcenter.id, ms: trouble.seconds * 1_000 }, trouble.forS);
        break;
      case 'disk-full':
        this.#fault({ kind: 'disk-full', where: vcenter.id, path: '/' }, trouble.forS);
        watch.diskTroubleUntilS = Math.max(watch.diskTroubleUntilS, watch.nowS + trouble.forS + 100);
        break;
      case 'provider-back':
        for (const { served, clientRoots } of world.providers) {
          vcenter.trustedRoots.push(served.identity.certificate, ...served.chain);
          clientRoots.push(vcenter.vmca.certificate);
        }
        watch.changedElsewhere();
        break;
      case 'fail-over':
        vcenter.appliance.hostKeyNumber += 1;
        this.#process?.cut(0);
        break;
      case 'by-hand':
        await runOnAppliance(world, vcenter, trouble.script);
        break;
      case 'crash':
      case 'lost':
      case 'delay':
      case 'sleep':
      case 'interrupt':
        break;
    }
  }

  #fault(fault: LabFault, forS: number): void {
    const { faults } = this.#stage.world;
    faults.push(fault);
    void this.#clock.sleep(forS * 1_000).then(() => {
      const at = faults.indexOf(fault);
      if (at >= 0) faults.splice(at, 1);
    });
  }
}
