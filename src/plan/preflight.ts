import type { ApplianceProbes, ApplianceTool } from '../model/appliance-probes.js';
import type { EvidenceBundle, Observation, VcenterEvidence } from '../model/evidence.js';
import type { Preflight, PreflightCheck } from '../model/preflight.js';
import { mayFailOver, servicesDown } from './cleanup-gates.js';
import { editRetryAttempt, LOWERED_RETRY, SHIPPED_RETRY } from './sms-config-edit.js';

const CLOCK_MS = 60_000;
const LEAST_FREE_KIB = 500 * 1024;

/** Everything that this program assumes of a vCenter and its appliance, held against what was seen there. Pure; nothing in here looks. */
export function checkPreflight(bundle: EvidenceBundle, probes: readonly ApplianceProbes[]): Preflight {
  const checks = bundle.vcenters.flatMap((vcenter) => {
    const own = probes.find((one) => one.vcenter === vcenter.id);
    return [...overHttps(vcenter), ...onAppliance(vcenter), ...(own === undefined ? [] : fromProbes(own))];
  });
  return { takenAt: bundle.finishedAt, checks };
}

type Verdict = Pick<PreflightCheck, 'state' | 'found' | 'remedy'>;

const good = (found: string): Verdict => ({ state: 'as-assumed', found });
const different = (found: string, remedy: string): Verdict => ({ state: 'different', found, remedy });
const wrong = (found: string, remedy: string): Verdict => ({ state: 'wrong', found, remedy });

/** One observation judged. What is not there is told apart from what could not be looked at. */
function check<T>(
  head: Pick<PreflightCheck, 'id' | 'vcenter' | 'what' | 'assumption'>,
  seen: Observation<T>,
  judge: (value: T) => Verdict,
  ifAbsent: (why: string) => Verdict = (why) => different(why, 'Compare with docs/assumptions.md and report what is different.'),
): PreflightCheck {
  switch (seen.state) {
    case 'seen':
      return { ...head, ...judge(seen.value) };
    case 'absent':
      return { ...head, ...ifAbsent(seen.why ?? 'not there') };
    case 'unknown': {
      const { code, summary, remedy } = seen.problem;
      const refused = ['login-refused', 'tls-not-trusted', 'host-key-mismatch', 'host-key-revoked', 'no-permission'].includes(
        code,
      );
      return { ...head, state: refused ? 'wrong' : 'not-seen', found: summary, remedy };
    }
  }
}

function overHttps(vcenter: VcenterEvidence): PreflightCheck[] {
  const head = (id: string, what: string, assumption?: string) => ({
    id,
    vcenter: vcenter.id,
    what,
    ...(assumption === undefined ? {} : { assumption }),
  });
  return [
    check(head('https-pin', 'HTTPS answers and its certificate is the one trusted'), vcenter.about, ({ version, build }) =>
      good(`${version} build ${build}`),
    ),
    check(head('login', 'login, and storage providers by SMS', 'A-30'), vcenter.registrations, (records) =>
      good(`${records.length} registrations`),
    ),
    check(head('view', 'VVol datastores can be read'), vcenter.datastores, (all) => good(`${all.length} VVol datastores`)),
    check(head('hosts', 'ESXi hosts can be read'), vcenter.hosts, (all) => good(`${all.length} hosts`)),
    check(head('roots', 'root certificates can be downloaded', 'A-14'), vcenter.rootBundle, (all) =>
      good(`${all.length} certificates`),
    ),
    check(
      head('rest', 'REST tells the state of SPS', 'A-34'),
      vcenter.sps,
      ({ state, health }) => good([state, health].filter((word) => word !== undefined).join(', ')),
      (why) => good(`not asked: ${why}`),
    ),
    ...(vcenter.vcha === undefined
      ? []
      : [
          check(
            head('vcha', 'vCenter High Availability cannot fail over', 'A-66'),
            vcenter.vcha,
            ({ state, mode }) =>
              mayFailOver({ state, mode })
                ? wrong(
                    [state, mode].filter((word) => word !== undefined).join(', '),
                    'Put it into maintenance mode before a cleanup: a fail-over in the middle leaves the other node as it was.',
                  )
                : good([state, mode].filter((word) => word !== undefined).join(', ')),
            (why) => good(`not asked: ${why}`),
          ),
        ]),
    check(head('clock', 'its clock is within a minute of ours'), vcenter.clockAheadMs, clock),
  ];
}

function clock(ms: number): Verdict {
  const seconds = Math.round(ms / 1000);
  const found = seconds === 0 ? 'equal' : `${Math.abs(seconds)} s ${seconds > 0 ? 'ahead' : 'behind'}`;
  return Math.abs(ms) <= CLOCK_MS
    ? good(found)
    : wrong(found, 'Set up NTP on the appliance: certificates and log lines are judged by time.');
}

function onAppliance({ id: vcenter, appliance, machineSsl }: VcenterEvidence): PreflightCheck[] {
  const head = (id: string, what: string, assumption?: string) => ({
    id,
    vcenter,
    what,
    ...(assumption === undefined ? {} : { assumption }),
  });
  const entries = (all: readonly unknown[]) => good(`${all.length} entries`);
  return [
    check(head('ssh', "root's shell over SSH, host key pinned, shell proven", 'A-40'), appliance.shell, (shell) => good(shell)),
    check(
      head('same-machine', 'SSH and HTTPS lead to the same vCenter: its machine certificate', 'A-72'),
      appliance.machineSslStore.state === 'seen' ? machineSsl : appliance.machineSslStore,
      (told) => sameMachine(told, appliance.machineSslStore),
      (why) => good(`not compared: ${why}`),
    ),
    check(head('vecs-sms', 'vecs-cli lists the store SMS in the form we know', 'A-42'), appliance.smsStore, entries),
    check(head('vecs-roots', 'vecs-cli lists TRUSTED_ROOTS', 'A-42'), appliance.trustedRootsStore, entries),
    check(head('vmca-root', "the VMCA's certificate is where we look", 'A-03'), appliance.vmcaRoot, (all) =>
      good(`${all.length} certificates`),
    ),
    check(head('sps-log', 'sps.log is where we look', 'A-48'), appliance.spsLog, ({ bytesRead, lines }) =>
      good(
        lines.length > 0
          ? `${bytesRead} bytes read; its lines begin as we know`
          : `${bytesRead} bytes read; no line of a kind that is kept, so how they begin was not seen`,
      ),
    ),
    check(head('reject-routes', 'no reject route is left', 'A-46'), appliance.rejectRoutes, (routes) =>
      routes.length === 0
        ? good('none')
        : different(
            routes.map(({ line }) => line).join('; '),
            'See `vasatrust audit`: cleanup-leftover names the one that blocks a provider.',
          ),
    ),
    check(head('armed', 'nothing of a run is left'), appliance.armed, (armed) =>
      armed.length === 0
        ? good('nothing')
        : different(armed.join(', '), 'See whether a cleanup is under way; what it left is in `vasatrust audit`.'),
    ),
    check(head('appliance-clock', "the appliance's clock is within a minute of ours"), appliance.clockAheadMs, clock),
  ];
}

function sameMachine(told: readonly unknown[], store: VcenterEvidence['appliance']['machineSslStore']): Verdict {
  const kept = store.state === 'seen' ? store.value.find(({ alias }) => alias === '__MACHINE_CERT')?.certificates[0] : undefined;
  if (kept === undefined) return good('not compared: the store has no __MACHINE_CERT');
  return kept === told[0]
    ? good('the same')
    : wrong(
        'the appliance that answers by SSH keeps another one than REST tells',
        'Compare `ssh` and `address` of this vCenter in estate.yaml: they may lead to different ones.',
      );
}

const TOOL_WORDS: Readonly<Record<ApplianceTool, { readonly need: 'needed' | 'one-of' | 'nice'; readonly without: string }>> = {
  ip: { need: 'one-of', without: 'routes are made with `route` where there is no `ip`' },
  route: { need: 'one-of', without: '`ip` does the same' },
  xmllint: { need: 'nice', without: 'the checksum of a copy that was parsed here has to do' },
  sed: { need: 'needed', without: 'the file has to be edited by hand' },
  sha256sum: { need: 'needed', without: 'the file cannot be compared' },
  'service-control': { need: 'needed', without: 'SPS cannot be restarted by this procedure' },
  'vmon-cli': { need: 'needed', without: 'health of SPS cannot be seen' },
  'systemd-run': { need: 'nice', without: 'a process and a line for cron watch in place of a timer' },
  'vecs-cli': { need: 'needed', without: 'certificate stores cannot be read' },
  openssl: { need: 'nice', without: 'whether a provider answers the appliance cannot be seen' },
};

function fromProbes(probes: ApplianceProbes): PreflightCheck[] {
  const { vcenter } = probes;
  const head = (id: string, what: string, assumption?: string) => ({
    id,
    vcenter,
    what,
    ...(assumption === undefined ? {} : { assumption }),
  });
  return [
    ...probes.tools.map(({ tool, present }) => {
      const { need, without } = TOOL_WORDS[tool];
      return check(head(`tool-${tool}`, `${tool} is there`), present, (there) => {
        if (there) return good('there');
        return need === 'needed'
          ? wrong('missing', `Without it ${without}. Check that this is a vCenter Server appliance.`)
          : different('missing', `Nothing to do: ${without}.`);
      });
    }),
    check(head('sps-state', 'SPS is STARTED and HEALTHY'), probes.sps, ({ runState, health }) => {
      const found = [runState, health ?? 'health not told'].join(', ');
      return runState === 'STARTED' && health === 'HEALTHY'
        ? good(found)
        : wrong(found, 'Bring SPS to STARTED and HEALTHY before a cleanup.');
    }),
    ...(probes.services === undefined
      ? []
      : [
          check(head('services', 'vpxd, vpxd-svcs, vpostgres and applmgmt run', 'A-67'), probes.services, (all) => {
            const down = servicesDown({ state: 'seen', at: probes.takenAt, value: all });
            return down.length === 0
              ? good(`${all.filter(({ state }) => state === 'STARTED').length} services run`)
              : wrong(
                  down.map(({ name, state }) => `${name} ${state}`).join(', '),
                  'Start it before a cleanup: SPS may not come up again without it.',
                );
          }),
        ]),
    check(head('sms-config', 'sms-config.xml fits the rules of the procedure', 'A-44'), probes.smsConfig, ({ text, kind }) => {
      if (kind !== undefined && kind !== 'regular file') return wrong(kind, 'The procedure needs a regular file there.');
      const edit = editRetryAttempt(new TextEncoder().encode(text), LOWERED_RETRY);
      if (!edit.ok)
        return wrong(edit.error, 'Compare it with an appliance of the same build; `vasatrust cleanup` refuses it as it is.');
      const found = `line ${edit.value.line}: retryAttempt ${edit.value.before}, retryInterval ${edit.value.interval}`;
      return edit.value.before === String(SHIPPED_RETRY)
        ? good(found)
        : different(found, 'An earlier cleanup may not have put it back: see cleanup-leftover.');
    }),
    check(head('disk', 'at least 500 MiB are free'), probes.disk, (rows) => {
      const found = rows.map(({ mount, freeKib }) => `${mount} ${Math.floor(freeKib / 1024)} MiB`).join(', ');
      return rows.every(({ freeKib }) => freeKib >= LEAST_FREE_KIB) ? good(found) : wrong(found, 'Make room before a cleanup.');
    }),
    check(
      head('root-password', "root's password does not expire within two days"),
      probes.rootPassword,
      ({ expiresInDays: days }) => {
        const found = days === 'never' ? 'never expires' : days < 0 ? 'has expired' : `expires in ${days} days`;
        return days === 'never' || days >= 2 ? good(found) : wrong(found, 'Change it before a cleanup.');
      },
    ),
    check(head('gateway', 'the routing table can be read'), probes.routes, ({ gateways, hostRoutes }) =>
      good(`${gateways.length} gateways, ${hostRoutes.length} host routes`),
    ),
    check(head('dns', 'its DNS servers can be read'), probes.nameservers, (all) => good(`${all.length} servers`)),
    check(
      head('operator', 'the appliance tells where we come from'),
      probes.operator,
      () => good('known'),
      (why) => different(why, 'Make sure by yourself that no provider shares the address you work from.'),
    ),
  ];
}
