import type { HostRecord, Observation, VmRecord, VvolDatastore } from '../model/evidence.js';
import { type DerBase64, isoTime } from '../model/ids.js';
import { err, ok, type Problem, type Result } from '../model/problem.js';
import { certificatesFromPem } from './certificate-text.js';
import { plainText } from './redact.js';
import { badAnswer, type Ref, refOf, type SoapFailure } from './soap.js';
import { decodeDatastore, decodeHost, decodeVm, isVvol } from './vim-decode.js';
import { type PropertyPaths, readObjects, readView, type VimObject } from './vim-properties.js';
import type { VimCaller } from './vim-session.js';
import { child, childrenNamed } from './xml.js';

export interface StorageView {
  readonly datastores: VvolDatastore[];
  readonly hosts: HostRecord[];
  /** Only VMs that have something on a VVol datastore. */
  readonly vms: VmRecord[];
}

export interface StorageViewOptions {
  /** Also ask each host that mounts a VVol datastore for its CA certificates (needs Certificate.Manage there). Default: true. */
  readonly trustAnchors?: boolean;
}

const PATHS: PropertyPaths = {
  Datastore: ['name', 'summary.type', 'summary.accessible', 'info', 'host', 'vm'],
  HostSystem: [
    'name',
    'runtime.connectionState',
    'summary.config.product.version',
    'config.certificate',
    'configManager.certificateManager',
  ],
};
const VM_PATHS = ['name', 'runtime.powerState', 'datastore'];
const VMS_PER_CALL = 500;
/** Objects that may disappear between the view and the question about them. */
const MAX_VANISHED = 20;
const HOSTS_AT_A_TIME = 4;

/**
 * VVol datastores, all hosts, and the VMs on those datastores. Three round trips where nothing needs paging: make the view, read it,
 * then VMs, trust anchors and the end of the view side by side.
 */
export async function readStorageView(vim: VimCaller, options: StorageViewOptions): Promise<Result<StorageView, SoapFailure>> {
  const view = await createView(vim, Object.keys(PATHS));
  if (!view.ok) return view;
  const read = await readView(vim, view.value, PATHS);
  const destroyed = vim.call('DestroyView', view.value, [], false);
  const result = read.ok ? await decodeView(vim, read.value, options) : read;
  // A view that is still there ends with its session: no reason to fail.
  await destroyed;
  return result;
}

async function createView(vim: VimCaller, types: readonly string[]): Promise<Result<Ref, SoapFailure>> {
  const args = [
    { name: 'container', ref: vim.content.rootFolder },
    ...types.map((type) => ({ name: 'type', text: type })),
    { name: 'recursive', text: 'true' },
  ];
  const answer = await vim.call('CreateContainerView', vim.content.viewManager, args, false);
  if (!answer.ok) return answer;
  const view = refOf(child(answer.value, 'returnval'));
  return view === undefined ? err({ problem: badAnswer(vim.label, 'CreateContainerView returned no view') }) : ok(view);
}

async function decodeView(
  vim: VimCaller,
  objects: readonly VimObject[],
  options: StorageViewOptions,
): Promise<Result<StorageView, SoapFailure>> {
  const datastores: VvolDatastore[] = [];
  for (const object of objects.filter(isVvolOrHidden)) {
    const hidden = [...object.missing.entries()][0];
    if (hidden !== undefined) return err({ problem: hiddenProperty(vim.label, object.ref, hidden) });
    const datastore = decodeDatastore(object);
    if (datastore === undefined) return err({ problem: badAnswer(vim.label, `${object.ref.value} is no usable VVol datastore`) });
    datastores.push(datastore);
  }
  const hostObjects = objects.filter((object) => object.ref.type === 'HostSystem');
  const mounting = new Set(datastores.flatMap((datastore) => datastore.mounts.map((mount) => mount.host)));
  const vmRefs = [...new Set(datastores.flatMap((datastore) => datastore.vms))];

  const [vms, anchors] = await Promise.all([
    readVms(vim, vmRefs),
    options.trustAnchors === false
      ? new Map()
      : readTrustAnchors(
          vim,
          hostObjects.filter((host) => mounting.has(host.ref.value)),
        ),
  ]);
  if (!vms.ok) return vms;
  // One host's refusal is its own affair; an expired session is everybody's.
  for (const anchor of anchors.values()) {
    if (anchor.state === 'unknown' && anchor.problem.code === 'session-expired') return err({ problem: anchor.problem });
  }
  const hosts = hostObjects.map((object) => {
    const host = decodeHost(object);
    const trustAnchors = anchors.get(host.ref);
    return trustAnchors === undefined ? host : { ...host, trustAnchors };
  });
  return ok({ datastores, hosts, vms: vms.value });
}

/** A datastore whose kind we may not see counts as one: leaving it out would say that there is none. */
function isVvolOrHidden(object: VimObject): boolean {
  return object.ref.type === 'Datastore' && (isVvol(object) || object.missing.has('summary.type'));
}

function hiddenProperty(target: string, ref: Ref, [path, fault]: readonly [string, string]): Problem {
  return {
    code: fault === 'NoPermission' ? 'no-permission' : 'fault',
    target,
    summary: plainText(`${target} does not show ${path} of ${ref.type} ${ref.value} (${fault})`),
    remedy: "Give the account the role Read-only (System.Read) at the vCenter's root object, propagated.",
    retry: 'after-remedy',
  };
}

async function readVms(vim: VimCaller, refs: readonly string[]): Promise<Result<VmRecord[], SoapFailure>> {
  const chunks: string[][] = [];
  for (let at = 0; at < refs.length; at += VMS_PER_CALL) chunks.push(refs.slice(at, at + VMS_PER_CALL));
  const answers = await Promise.all(chunks.map((chunk) => readSomeVms(vim, chunk)));
  const vms: VmRecord[] = [];
  for (const answer of answers) {
    if (!answer.ok) return answer;
    vms.push(...answer.value.map(decodeVm));
  }
  return ok(vms);
}

/** One VM deleted meanwhile makes the whole call fail and names itself: it is left out, and the rest asked for again. */
async function readSomeVms(vim: VimCaller, refs: readonly string[]): Promise<Result<VimObject[], SoapFailure>> {
  let left = refs;
  for (let vanished = 0; ; vanished += 1) {
    if (left.length === 0) return ok([]);
    const asked = left.map((value) => ({ type: 'VirtualMachine', value }));
    const answer = await readObjects(vim, asked, 'VirtualMachine', VM_PATHS);
    if (answer.ok || answer.error.fault?.type !== 'ManagedObjectNotFound' || vanished >= MAX_VANISHED) return answer;
    const gone = refOf(child(answer.error.fault.detail, 'obj'))?.value;
    const rest = left.filter((value) => value !== gone);
    if (rest.length === left.length) return answer;
    left = rest;
  }
}

async function readTrustAnchors(
  vim: VimCaller,
  hosts: readonly VimObject[],
): Promise<Map<string, Observation<readonly DerBase64[]>>> {
  const found = new Map<string, Observation<readonly DerBase64[]>>();
  const queue = [...hosts];
  const worker = async (): Promise<void> => {
    for (let host = queue.shift(); host !== undefined; host = queue.shift()) {
      const manager = refOf(host.values.get('configManager.certificateManager'));
      if (manager === undefined) {
        // Disconnected hosts, and hosts older than 6.0, have no certificate manager to ask.
        found.set(host.ref.value, { state: 'unknown', problem: noManager(vim.label, host.ref) });
        continue;
      }
      const anchors = await listCaCertificates(vim, manager);
      found.set(
        host.ref.value,
        anchors.ok
          ? { state: 'seen', at: isoTime(new Date()), value: anchors.value }
          : { state: 'unknown', problem: anchors.error.problem },
      );
    }
  };
  await Promise.all(Array.from({ length: Math.min(HOSTS_AT_A_TIME, queue.length) }, worker));
  return found;
}

function noManager(target: string, host: Ref): Problem {
  return {
    code: 'not-supported',
    target,
    summary: plainText(`${target} shows no certificate manager for host ${host.value} (disconnected, or older than 6.0)`),
    remedy: 'Reconnect the host and run again.',
    retry: 'later',
  };
}

/** HostCertificateManager.ListCACertificates; privilege Certificate.Manage. */
async function listCaCertificates(vim: VimCaller, manager: Ref): Promise<Result<DerBase64[], SoapFailure>> {
  const answer = await vim.call('ListCACertificates', manager, [], true);
  if (!answer.ok) return answer;
  return ok(childrenNamed(answer.value, 'returnval').flatMap((element) => certificatesFromPem(element.text)));
}

/** The same for one host, its certificate manager looked up first. */
export async function readHostTrustAnchors(vim: VimCaller, hostRef: string): Promise<Result<DerBase64[], SoapFailure>> {
  const host = { type: 'HostSystem', value: hostRef };
  const read = await readObjects(vim, [host], 'HostSystem', ['configManager.certificateManager']);
  if (!read.ok) return read;
  const manager = refOf(read.value[0]?.values.get('configManager.certificateManager'));
  return manager === undefined ? err({ problem: noManager(vim.label, host) }) : listCaCertificates(vim, manager);
}
