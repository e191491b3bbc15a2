import { guardFolder } from '../../src/execute/guard/guard-facts.js';
import { settle } from '../../src/lab/sps-model.js';
import type { CleanupPlan } from '../../src/model/cleanup-plan.js';
import type { Timing } from '../../src/model/timing.js';
import { armedThings, fileText, ourRoutes, type Standing, takeStanding, watching } from './standing.js';
import { RUN, type Stage } from './worlds.js';

/** Seconds that commands, polls and services take besides what is promised. */
const SLACK_S = 20;
/** A start by a live run comes at once after the stop; this leaves room for answers that were late. */
const LONGEST_STOP_S = 120;

/**
 * Holds a story against the promises that are true at every moment, whoever does what. Written from docs/interruptions.md and from what the
 * world looks like; it knows nothing of how the product keeps them.
 */
export class Watch {
  before: Standing;
  readonly broken: string[] = [];
  /** Every event with its time, for reading a story. */
  readonly trace: string[] = [];
  readonly gone = new Set<string>();
  /** Removed by another administrator. */
  readonly goneByOthers = new Set<string>();
  /** What the tool saw when it last asked; undefined: it never came to that. */
  lastListed: ReadonlySet<string> | undefined;
  /** What another administrator made of sms-config.xml. */
  othersFile: string | undefined;
  /** SPS was made not to start, or the disk was full: what these keep from happening is no broken promise. */
  spsTroubleUntilS = -1;
  diskTroubleUntilS = -1;
  bootedAtS = -1_000;
  /** Starts of SPS since a command of the tool last reached the appliance. */
  startsSinceContact = 0;
  starts = 0;
  /** Runs of SPS at the last contact. */
  readonly #stage: Stage;
  readonly #timing: Timing;
  readonly #uptimeMs: () => number;
  readonly #asked = new Map<string, 'sent' | 'listed'>();
  #contactS = 0;
  #pid: number;
  #stoppedSinceS: number | undefined;
  #allGoneAtContact = false;
  #runsSinceContact = true;
  #wasStarting = false;
  verbose = false;
  /** A self-revert was seen at work. */
  everArmed = false;
  /** The self-revert was seen to take back. */
  everTookOver = false;
  /** The last boot met a self-revert: who ends the run waits until SPS is up. */
  armedAtBoot = false;

  constructor(stage: Stage, timing: Timing, uptimeMs: () => number) {
    this.#stage = stage;
    this.#timing = timing;
    this.#uptimeMs = uptimeMs;
    settle(stage.world, stage.vcenter);
    this.before = takeStanding(stage.world, stage.vcenter);
    this.#pid = this.before.sps.pid;
  }

  get nowS(): number {
    return this.#uptimeMs() / 1_000;
  }

  get plan(): CleanupPlan {
    return this.#stage.plan;
  }

  get lostForS(): number {
    return this.nowS - this.#contactS;
  }

  note(text: string): void {
    if (this.verbose) this.trace.push(`${this.nowS.toFixed(2).padStart(9)}  ${text}`);
  }

  break(promise: string): void {
    const line = `${this.nowS.toFixed(1)} s: ${promise}`;
    if (this.broken.length < 20 && !this.broken.some((one) => one.endsWith(promise))) this.broken.push(line);
    this.note(`BROKEN: ${promise}`);
  }

  /** Others changed something elsewhere, which is how it stays. */
  changedElsewhere(): void {
    const { world, vcenter } = this.#stage;
    this.before = { ...this.before, elsewhere: takeStanding(world, vcenter).elsewhere };
  }

  reached(name: string): void {
    this.note(name);
    this.look('');
    this.#contactS = this.nowS;
    this.startsSinceContact = 0;
    // Known: a list that the tool saw has none of them.
    this.#allGoneAtContact = this.planned.every((uid) => this.gone.has(uid) && this.lastListed?.has(uid) === false);
    this.#runsSinceContact = true;
  }

  /** Somebody restarts the whole appliance. */
  goesDown(): void {
    this.armedAtBoot = armedThings(this.#stage.world, this.#stage.vcenter).length > 0;
  }

  /** It is back, and starts SPS by itself. */
  booted(): void {
    this.bootedAtS = this.nowS;
    this.#pid = this.#stage.vcenter.appliance.sps.pid;
    this.startsSinceContact = 0;
    this.note('the appliance was rebooted');
  }

  listed(uids: readonly string[]): void {
    this.lastListed = new Set(uids);
    for (const uid of this.#asked.keys()) if (uids.includes(uid)) this.#asked.set(uid, 'listed');
  }

  /** `UnregisterProvider_Task` reaches SMS. */
  unregister(uid: string): void {
    const { vcenter, plan } = this.#stage;
    settle(this.#stage.world, vcenter);
    this.note(`SMS is asked to unregister ${uid}`);
    if (!this.planned.includes(uid)) this.break(`unregister of ${uid}, which is not planned`);
    if (this.#asked.get(uid) === 'sent') this.break(`unregister of ${uid} was sent twice without looking in between`);
    this.#asked.set(uid, 'sent');
    const { sps } = vcenter.appliance;
    const routes = ourRoutes(vcenter, plan);
    const changed = this.#fileChanged() || routes.length > 0 || sps.retryAttempt !== this.before.sps.retryAttempt;
    if (!changed) return;
    // Under way for long, it may arrive when the appliance has taken itself back, but for what is somebody else's.
    const isTakenBack = routes.length === 0 && vcenter.appliance.files.has(`${guardFolder(RUN)}/reverting`);
    if (isTakenBack && this.othersFile !== undefined) return;
    // The gate before step 7.
    const registration = vcenter.registrations.find((one) => one.uid === uid);
    const addresses = plan.addresses.filter(({ uids }) => uids.includes(uid)).map(({ address }) => address);
    const open = addresses.filter((address) => !routes.some((line) => line.includes(address)));
    if (open.length > 0) this.break(`unregister of ${uid} while ${open.join(', ')} was not blocked`);
    if (String(sps.retryAttempt) !== plan.config.during)
      this.break(`unregister of ${uid} while SPS ran with retryAttempt ${sps.retryAttempt}`);
    if (registration !== undefined && registration.session?.view !== 'offline')
      this.break(`unregister of ${uid} before SPS had given it up (${registration.session?.view ?? 'never seen'})`);
  }

  get planned(): readonly string[] {
    return this.#stage.plan.removals.map(({ uid }) => uid);
  }

  /** After every call and every few seconds. */
  look(name: string): void {
    const { world, vcenter, plan } = this.#stage;
    settle(world, vcenter);
    if (name !== '') this.note(name);
    this.#lookAtRegistrations();
    this.#lookAtService();
    const routes = ourRoutes(vcenter, plan);
    const file = this.#fileChanged();
    const armed = watching(world, vcenter).length > 0;
    this.everArmed ||= armed;
    this.everTookOver ||= vcenter.appliance.files.has(`${guardFolder(RUN)}/reverting`);
    this.#lookAtOthers();
    const lost = this.lostForS;
    const { leaseMs, guardMs } = this.#timing;
    const takenBackS = (leaseMs + 2 * guardMs) / 1_000 + SLACK_S;
    if ((routes.length > 0 || file) && !armed && !this.#booting())
      this.break(`${file ? 'the file' : 'a route'} was changed and nothing was armed`);
    if (lost > takenBackS && this.nowS - this.bootedAtS > takenBackS) {
      if (routes.length > 0) this.break(`a route of ours ${Math.floor(lost)} s after the loss`);
      if (file && this.nowS > this.diskTroubleUntilS) this.break(`a changed file ${Math.floor(lost)} s after the loss`);
    }
    this.#lookAtStop(lost);
  }

  #booting(): boolean {
    return this.#stage.vcenter.appliance.down === true || this.nowS - this.bootedAtS < SLACK_S;
  }

  /** By the run: what somebody else wrote is not ours to put back. */
  #fileChanged(): boolean {
    return this.othersFile === undefined && fileText(this.#stage.vcenter) !== this.before.file;
  }

  #lookAtRegistrations(): void {
    const { vcenter } = this.#stage;
    const now = new Set(vcenter.registrations.map(({ uid }) => uid));
    for (const uid of now) if (!this.before.registrations.has(uid)) this.break(`a registration was made: ${uid}`);
    for (const uid of this.before.registrations.keys()) {
      if (now.has(uid) || this.gone.has(uid)) continue;
      this.gone.add(uid);
      this.note(`${uid} is gone`);
      if (!this.planned.includes(uid) && !this.goneByOthers.has(uid)) this.break(`${uid} was removed, which is not planned`);
    }
  }

  #lookAtService(): void {
    const { sps } = this.#stage.vcenter.appliance;
    // A start that failed because it was made to: SPS is left to whoever mends it.
    if (this.#wasStarting && sps.state === 'STOPPED' && this.nowS < this.spsTroubleUntilS)
      this.spsTroubleUntilS = Number.POSITIVE_INFINITY;
    this.#wasStarting = sps.state === 'STARTING';
    // Stopped by a job that was on its way when the tool was lost: then it has to be started.
    if (this.lostForS < 30 && (sps.state === 'STOPPED' || sps.state === 'STOPPING')) this.#runsSinceContact = false;
    if (sps.pid === this.#pid) return;
    this.#pid = sps.pid;
    this.starts += 1;
    this.startsSinceContact += 1;
    this.note(`SPS was started, as process ${sps.pid}`);
    // A start that was on its way when the tool was lost counts as the tool's.
    if (this.startsSinceContact > 2) this.break('the appliance started SPS more than once by itself');
    if (
      this.startsSinceContact > 0 &&
      this.#allGoneAtContact &&
      this.#runsSinceContact &&
      this.lostForS > this.#timing.leaseMs / 1_000
    )
      this.break('SPS was restarted by the appliance though all registrations were known to be gone');
  }

  #lookAtOthers(): void {
    const { vcenter } = this.#stage;
    if (this.othersFile !== undefined && fileText(vcenter) !== this.othersFile) {
      this.break("another administrator's sms-config.xml was overwritten");
      this.othersFile = undefined;
    }
    // Routes that nobody made permanent do not outlive a boot.
    if (this.bootedAtS >= 0 || vcenter.appliance.down) return;
    for (const route of this.before.routes)
      if (!vcenter.appliance.routes.includes(route)) this.break(`a route that was there before is gone: ${route}`);
  }

  #lookAtStop(lost: number): void {
    const { sps } = this.#stage.vcenter.appliance;
    if (sps.state !== 'STOPPED') {
      this.#stoppedSinceS = undefined;
      return;
    }
    this.#stoppedSinceS ??= this.nowS;
    if (this.nowS < this.spsTroubleUntilS || this.#booting()) return;
    const stopped = this.nowS - this.#stoppedSinceS;
    const { leaseMs, guardMs } = this.#timing;
    // Lost: taken back, where SPS may have been stopping at the first look.
    const promised = (leaseMs + 3 * guardMs) / 1_000 + SLACK_S;
    const limit = lost < 30 ? LONGEST_STOP_S + promised : promised;
    if (stopped > limit) this.break(`SPS was left stopped for ${Math.floor(stopped)} s`);
  }
}
