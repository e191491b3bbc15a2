import { type Call, complain, type Outcome, type Program, print, tool, waitUntil } from './appliance-program.js';
import { systemctl } from './appliance-systemctl.js';
import { systemdRun } from './appliance-systemd-run.js';
import { operands } from './appliance-text-tools.js';
import { nextChangeMs } from './sps-life.js';
import { beginStart, beginStop, settle } from './sps-model.js';

/** Services as 6.7 and later print them: `domain` formats of service-control and vmon-cli, seen on real appliances. */
export const serviceTools: readonly (readonly [string, Program])[] = [
  ['service-control', tool(serviceControl)],
  ['vmon-cli', { run: vmonCli, folders: ['/usr/lib/vmware-vmon', '/usr/sbin'] }],
  ['systemctl', tool(systemctl)],
  ['systemd-run', tool(systemdRun)],
];

const OTHERS = [
  'applmgmt',
  'lookupsvc',
  'pschealth',
  'vmafdd',
  'vmcad',
  'vmdird',
  'vmware-vpostgres',
  'vpxd',
  'vpxd-svcs',
  'vsphere-ui',
];
const STOPPED = ['mbcs', 'netdumper', 'rbd', 'vmcam'];
const NOT_NOW = 'Operation not allowed in current service state';

const isSps = (name: string): boolean => /^(vmware-)?sps$/.test(name);

async function serviceControl(call: Call): Promise<Outcome> {
  const names = operands(call.args);
  const verbs = call.args.filter((arg) => /^--(status|stop|start|restart|list)$/.test(arg));
  const [verb] = verbs;
  if (verbs.length !== 1)
    return complain('usage: service-control [-h] [--start] [--stop] [--status] [--list] [--all] [services ...]', 2);
  if (verb === '--list')
    return print(`${['vmware-sps (VMware vSphere Profile-Driven Storage Service)', ...OTHERS].join('\n')}\n`);
  const unknown = names.find((name) => !isSps(name) && !OTHERS.includes(name) && !STOPPED.includes(name));
  if (unknown !== undefined) return complain(`Service-control failed. Error: Unknown service ${unknown}`);
  if (verb === '--status') return print(statusText(call, names));
  if (!names.every(isSps) || names.length === 0) {
    return complain('Service-control failed. Error: the lab starts and stops vmware-sps alone');
  }
  if (!(await getsGoing(call))) return complain('Terminated', 143);
  if (verb === '--stop') return stop(call);
  if (verb === '--start') return start(call);
  const stopped = await stop(call);
  if (stopped.code !== 0) return stopped;
  const started = await start(call);
  return { ...started, stdout: `${String(stopped.stdout ?? '')}${String(started.stdout ?? '')}` };
}

/** False: it was ended before it asked for anything. */
async function getsGoing(call: Call): Promise<boolean> {
  const { world, vcenter } = call;
  const now = () => world.clock.now().getTime();
  const slow = world.faults.reduce(
    (ms, fault) => (fault.kind === 'service-control' && fault.where === vcenter.id ? ms + fault.ms : ms),
    0,
  );
  const due = now() + slow;
  return (
    slow === 0 ||
    waitUntil(
      call,
      () => now() >= due,
      () => due,
    )
  );
}

function statusText(call: Call, names: readonly string[]): string {
  settle(call.world, call.vcenter);
  const heading = { STARTED: 'Running', STOPPED: 'Stopped', STARTING: 'StartPending', STOPPING: 'StopPending' }[
    call.vcenter.appliance.sps.state
  ];
  const listed = (under: string, others: readonly string[]) => {
    const all = [...others, ...(heading === under ? ['vmware-sps'] : [])];
    const shown =
      names.length === 0 ? all : all.filter((name) => names.includes(name) || (name === 'vmware-sps' && names.some(isSps)));
    return shown.length > 0 ? `${under}:\n ${shown.sort().join(' ')}\n` : '';
  };
  return ['Stopped', 'StartPending', 'StopPending', 'Running']
    .map((under) => listed(under, under === 'Running' ? OTHERS : under === 'Stopped' ? STOPPED : []))
    .join('');
}

async function stop(call: Call): Promise<Outcome> {
  const { sps } = call.vcenter.appliance;
  if (!beginStop(call.world, call.vcenter)) return complain(NOT_NOW);
  note(call, 'stop vmware-sps');
  call.stdout.write('Operation not cancellable. Please wait for it to finish...\nPerforming stop operation on service sps...\n');
  await waitUntil(
    call,
    () => {
      settle(call.world, call.vcenter);
      // Somebody may have started it again by the time this looks: its own stop is over all the same.
      return sps.state !== 'STOPPING';
    },
    () => nextChangeMs(call.world, call.vcenter),
  );
  return print('Successfully stopped service sps\n');
}

async function start(call: Call): Promise<Outcome> {
  const { sps } = call.vcenter.appliance;
  if (!beginStart(call.world, call.vcenter)) return complain(NOT_NOW);
  note(call, 'start vmware-sps');
  call.stdout.write('Operation not cancellable. Please wait for it to finish...\nPerforming start operation on service sps...\n');
  await waitUntil(
    call,
    () => {
      settle(call.world, call.vcenter);
      return sps.state !== 'STARTING';
    },
    () => nextChangeMs(call.world, call.vcenter),
  );
  if (sps.state === 'STARTED') return print('Successfully started service sps\n');
  const details = {
    resolution: null,
    detail: [
      {
        args: ['sps'],
        id: 'install.ciscommon.service.failstart',
        localized: "An error occurred while starting service 'sps'",
        translatable: "An error occurred while starting service '%(0)s'",
      },
    ],
    componentKey: null,
    problemId: null,
  };
  const text = JSON.stringify(details, undefined, 4);
  return complain(`Error executing start on service sps. Details ${text}\nService-control failed. Error: ${text}`);
}

async function vmonCli(call: Call): Promise<Outcome> {
  const [flag = '', name = ''] = call.args;
  if (flag === '-l' || flag === '--list') return print(`sps\n${OTHERS.join('\n')}\n`);
  if (!isSps(name) && !OTHERS.includes(name)) return complain(`Unknown service ${name}.`, 1);
  if (flag === '-s' || flag === '--status') return print(vmonStatus(call, isSps(name) ? 'sps' : name));
  if (!isSps(name)) return complain('the lab starts and stops sps alone');
  if (flag === '-k' || flag === '--stop') return vmonDone(await stop(call), 'Stop');
  if (flag === '-i' || flag === '--start') return vmonDone(await start(call), 'Start');
  if (flag === '-r' || flag === '--restart') {
    const stopped = await stop(call);
    return vmonDone(stopped.code === 0 ? await start(call) : stopped, 'Restart');
  }
  return complain(`Unknown option ${flag}`, 1);
}

function vmonDone(outcome: Outcome, verb: string): Outcome {
  return outcome.code === 0
    ? print(`Completed ${verb} service request.\n`)
    : complain(`${verb} service request failed. ${outcome.stderr ?? ''}`);
}

function vmonStatus(call: Call, name: string): string {
  settle(call.world, call.vcenter);
  const { sps } = call.vcenter.appliance;
  const own = name === 'sps';
  const running = !own || sps.state === 'STARTED' || sps.state === 'STARTING';
  const since = own ? (sps.stoppingSinceMs ?? sps.startedAtMs) : sps.startedAtMs;
  const state = own
    ? { STARTED: 'STARTED', STOPPED: 'STOPPED', STARTING: 'START_PENDING', STOPPING: 'STOP_PENDING' }[sps.state]
    : 'STARTED';
  const rows = [
    `Name: ${name}`,
    'Starttype: AUTOMATIC',
    `RunState: ${state}`,
    `RunAsUser: ${call.vcenter.version.startsWith('6.') ? 'root' : own ? 'sps' : 'root'}`,
    `CurrentRunStateDuration(ms): ${Math.max(0, call.world.now().getTime() - since)}`,
    ...(running ? [`HealthState: ${own ? sps.health : 'HEALTHY'}`] : []),
    'FailStop: N/A',
    ...(running ? [`MainProcessId: ${own ? sps.pid : 2101}`] : []),
  ];
  return `${rows.join('\n')}\n`;
}

function note(call: Call, what: string): void {
  call.files.note(what, 'begun');
}
