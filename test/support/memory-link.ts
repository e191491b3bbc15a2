import { createHash } from 'node:crypto';
import type { SmsAccess, Way } from '../../src/execute/ports.js';
import { withBash } from '../../src/lab/appliance-bash.js';
import { programsOf } from '../../src/lab/appliance-commands.js';
import { switchOn } from '../../src/lab/appliance-reboot.js';
import { released } from '../../src/lab/appliance-server.js';
import { Shell } from '../../src/lab/appliance-shell.js';
import { inputOf, type WriteProblem } from '../../src/lab/appliance-streams.js';
import { enterConnection } from '../../src/lab/connections.js';
import { providerInfo } from '../../src/lab/sms-records.js';
import { type Data, isData, isList, type Value } from '../../src/lab/soap-values.js';
import { findTask, isServing, startReconnect, startRegister, startUnregister } from '../../src/lab/sps-model.js';
import type { LabTask, LabVcenter, LabWorld } from '../../src/lab/world.js';
import type { RelatedArray, SmsFault, SmsProviderRecord } from '../../src/model/evidence.js';
import type { DerBase64 } from '../../src/model/ids.js';
import { providerUrl } from '../../src/model/ids.js';
import { err, ok, type Problem, type ProblemCode, type Result } from '../../src/model/problem.js';
import type { SmsTaskInfo } from '../../src/wire/sms-tasks.js';
import type { Ref } from '../../src/wire/soap.js';
import type { CommandOutput, RunOptions } from '../../src/wire/vcenter-shell.js';
import { VirtualClock } from './virtual-clock.js';

export interface MemoryWayOptions {
  /** For a command without a deadline of its own. */
  readonly commandMs?: number;
  /** Between the operator's machine and the vCenter. While `up` is false nothing opens, and what is under way goes unanswered until its deadline. */
  readonly network?: { up: boolean };
  /** What one command or request takes on the way. */
  readonly latencyMs?: number;
}

/**
 * The product's way to one vCenter of a lab, without sockets: commands go to the appliance's shell, requests to the model of SMS. What a
 * connection or SPS that is down does to the caller is the same as over the wire, problem codes included.
 */
export function openMemoryWay(world: LabWorld, vcenterId: string, options: MemoryWayOptions = {}): Way {
  const vcenter = world.vcenters.find(({ id }) => id === vcenterId);
  if (!vcenter) throw new Error(`the lab has no ${vcenterId}`);
  const { network = { up: true }, latencyMs = 0, commandMs = 30_000 } = options;
  switchOn(world, vcenter);
  let firstKey: string | undefined;
  const travel = async () => {
    if (latencyMs > 0) await world.clock.sleep(latencyMs);
  };
  return {
    label: vcenter.id,
    async open() {
      await travel();
      const { appliance } = vcenter;
      if (!network.up) {
        await world.clock.sleep(CONNECT_MS);
        return err(problem(vcenter, 'timeout', 'no answer'));
      }
      const dead = world.faults.some((fault) => fault.kind === 'dead' && fault.where === vcenter.id);
      if (dead || appliance.down || !appliance.sshEnabled) return err(problem(vcenter, 'unreachable', 'connection refused'));
      const hostKeySha256 = hostKeyOf(vcenter);
      firstKey ??= hostKeySha256;
      if (firstKey !== hostKeySha256) return err(problem(vcenter, 'host-key-mismatch', 'another host key'));
      let lost = false;
      const whenLost = new Set<() => void>();
      const lose = () => {
        lost = true;
        leave();
        for (const one of whenLost) one();
      };
      const leave = enterConnection(vcenter, lose);
      const cutAfter = world.faults.find((fault) => fault.kind === 'session-cut' && fault.where === vcenter.id);
      const closed = new AbortController();
      if (cutAfter?.kind === 'session-cut') {
        void world.clock.sleep(cutAfter.afterMs, closed.signal).then(() => {
          if (!closed.signal.aborted) lose();
        });
      }
      const run = async (argv: readonly string[], given: RunOptions = {}): Promise<Result<CommandOutput>> => {
        await travel();
        if (lost) return err(problem(vcenter, 'unreachable', 'the connection is lost'));
        const timeoutMs = given.timeoutMs ?? commandMs;
        const deadline = timerOf(world, timeoutMs);
        const late = deadline.over.then(() => 'late' as const);
        let cut: (() => void) | undefined;
        const cutOff = new Promise<'lost'>((resolve) => {
          cut = () => resolve('lost');
          whenLost.add(cut);
        });
        try {
          const said = await Promise.race([
            network.up ? runCommand(world, vcenter, argv, given.stdin ?? '', whenLost) : late,
            late,
            cutOff,
          ]);
          if (said === 'lost' || lost) return err(problem(vcenter, 'unreachable', 'the connection was lost'));
          if (said === 'late' || !network.up) {
            if (said !== 'late') await late;
            return err(problem(vcenter, 'timeout', `${argv[0]} did not end within ${timeoutMs} ms`));
          }
          if (said.stdout.length + said.stderr.length > (given.maxBytes ?? 8 * 1024 * 1024)) {
            return err(problem(vcenter, 'too-large', `${argv[0]} said too much`));
          }
          await travel();
          return ok(said);
        } finally {
          deadline.cancel();
          if (cut) whenLost.delete(cut);
        }
      };
      return ok({
        shell: { kind: appliance.shell, hostKeySha256, run },
        sms: smsOf(world, vcenter, network, travel),
        async close() {
          closed.abort();
          lost = true;
          leave();
        },
      });
    },
  };
}

function timerOf({ clock }: LabWorld, ms: number): ReturnType<VirtualClock['timer']> {
  if (clock instanceof VirtualClock) return clock.timer(ms);
  const off = new AbortController();
  return { over: clock.sleep(ms, off.signal), cancel: () => off.abort() };
}

const CONNECT_MS = 10_000;
const REQUEST_MS = 60_000;

/** As `ssh-keyscan` would see it: another one after a fail-over. */
export function hostKeyOf({ id, appliance }: LabVcenter): string {
  const digest = createHash('sha256').update(`${id}/${appliance.hostKeyNumber}`).digest('base64');
  return `SHA256:${digest.replace(/=+$/, '')}`;
}

/** Ends with the program, and with whatever it left running with its output open. */
async function runCommand(
  world: LabWorld,
  vcenter: LabVcenter,
  argv: readonly string[],
  stdin: string,
  whenLost: Set<() => void>,
): Promise<CommandOutput> {
  const [stdout, stderr] = [new Collected(), new Collected()];
  const machine = {
    world,
    vcenter,
    programs: withBash(programsOf(vcenter.appliance)),
  };
  const shell = new Shell(
    machine,
    new Map([
      [0, { input: inputOf(stdin) }],
      [1, { output: stdout }],
      [2, { output: stderr }],
    ]),
  );
  const lose = () => {
    stdout.broken = true;
    stderr.broken = true;
  };
  whenLost.add(lose);
  const code = await shell.runArguments(argv);
  await released(vcenter, [stdout, stderr]);
  whenLost.delete(lose);
  return { code, stdout: stdout.text(), stderr: stderr.text() };
}

class Collected {
  /** The connection is gone: whoever writes dies of it. */
  broken = false;
  readonly #chunks: Buffer[] = [];

  write(bytes: Buffer | string): WriteProblem | undefined {
    if (this.broken) return 'EPIPE';
    this.#chunks.push(typeof bytes === 'string' ? Buffer.from(bytes, 'utf8') : bytes);
    return undefined;
  }

  text(): string {
    return Buffer.concat(this.#chunks).toString('utf8');
  }
}

/** Storage monitoring service, straight on the model. */
function smsOf(world: LabWorld, vcenter: LabVcenter, network: { readonly up: boolean }, travel: () => Promise<void>): SmsAccess {
  const ask = async <T>(what: string, answer: () => Result<T>): Promise<Result<T>> => {
    await travel();
    if (!network.up) {
      await world.clock.sleep(REQUEST_MS);
      return err(problem(vcenter, 'timeout', `no answer to ${what}`));
    }
    if (vcenter.appliance.down) return err(problem(vcenter, 'unreachable', 'connection refused'));
    const serving = isServing(world, vcenter);
    const outcome = serving === 'up' ? 'ok' : serving === 'down' ? '503' : 'ServiceNotInitialized';
    world.record.push({ at: world.now().toISOString(), where: vcenter.id, kind: 'sms', what, outcome });
    if (serving === 'down') return err(problem(vcenter, 'fault', `${what} answered HTTP 503`));
    if (serving === 'starting') return err(problem(vcenter, 'fault', `${what} answered ServiceNotInitialized`));
    const answered = answer();
    await travel();
    return answered;
  };
  return {
    registrations: () =>
      ask('QueryProvider', () => {
        return ok(vcenter.registrations.map((one) => recordOf(vcenter, one.ref, providerInfo(world, vcenter, one))));
      }),
    unregister: (uid) => ask('UnregisterProvider_Task', () => ok(refOfTask(startUnregister(world, vcenter, uid)))),
    reconnect: (provider) =>
      ask('VasaProviderReconnect_Task', () => {
        const registration = vcenter.registrations.find(({ ref }) => ref === provider.value);
        if (!registration) return err(problem(vcenter, 'fault', `ManagedObjectNotFound: ${provider.value}`));
        return ok(refOfTask(startReconnect(world, vcenter, registration)));
      }),
    register: (spec) => ask('RegisterProvider_Task', () => ok(refOfTask(startRegister(world, vcenter, spec)))),
    task: (task) =>
      ask('QuerySmsTaskInfo', () => {
        const found = findTask(world, vcenter, task.value);
        return found ? ok(infoOf(found)) : err(problem(vcenter, 'fault', `ManagedObjectNotFound: ${task.value}`));
      }),
  };
}

const refOfTask = (task: LabTask): Ref => ({ type: 'SmsTask', value: task.key });

function infoOf({ key, state, progress, error, result }: LabTask): SmsTaskInfo {
  return {
    key,
    state,
    ...(progress === undefined ? {} : { progress }),
    ...(error === undefined
      ? {}
      : { error: { type: error.type, message: error.message, ...certificateIn(error.fields?.certificate) } }),
    ...(result === undefined ? {} : { result: { type: 'VasaProvider', value: result } }),
  };
}

function recordOf({ apiVersion }: LabVcenter, ref: string, { fields }: Data): SmsProviderRecord {
  // The product asks a 6.5 with the version id 6.5, which knows no category.
  const known = apiVersion === '6.5' ? WORDS.filter((name) => name !== 'category') : WORDS;
  const words = known.flatMap((name) => (typeof fields[name] === 'string' ? [[name, fields[name]] as const] : []));
  const fault = fields.statusFault;
  return {
    ref,
    uid: String(fields.uid),
    name: String(fields.name ?? ''),
    url: providerUrl(String(fields.url)),
    arrays: isList(fields.relatedStorageArray) ? fields.relatedStorageArray.flatMap(arrayOf) : [],
    ...Object.fromEntries(words),
    ...certificateIn(fields.certificate),
    ...(isData(fault) ? { statusFault: faultOf(fault) } : {}),
    ...(typeof fields.needsExplicitActivation === 'boolean' ? { needsExplicitActivation: fields.needsExplicitActivation } : {}),
    ...(typeof fields.retainVasaProviderCertificate === 'boolean' ? { retained: fields.retainVasaProviderCertificate } : {}),
    ...(typeof fields.priority === 'number' ? { priority: fields.priority } : {}),
  };
}

const WORDS = [
  'description',
  'version',
  'status',
  'vasaVersion',
  'namespace',
  'lastSyncTime',
  'providerId',
  'certificateExpiryDate',
  'certificateStatus',
  'serviceLocation',
  'type',
  'category',
  'failoverGroupId',
] as const;

function arrayOf(value: Value): RelatedArray[] {
  if (!isData(value)) return [];
  const { arrayId, active, manageable, priority } = value.fields;
  return [{ arrayId: String(arrayId), active: active === true, manageable: manageable === true, priority: Number(priority) }];
}

function faultOf({ fields }: Data): SmsFault {
  const inner = fields.fault;
  return {
    type: isData(inner) ? inner.type : 'SOAP',
    message: String(fields.localizedMessage),
    ...certificateIn(isData(inner) ? inner.fields.certificate : undefined),
  };
}

const certificateIn = (value: unknown): { readonly certificate?: DerBase64 } =>
  typeof value === 'string' ? { certificate: value as DerBase64 } : {};

function problem(vcenter: LabVcenter, code: ProblemCode, what: string): Problem {
  return { code, target: vcenter.id, summary: `${vcenter.id}: ${what}`, remedy: 'It is a lab.', retry: 'later' };
}
