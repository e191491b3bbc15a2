import { arraysOf } from './sps-arrays.js';
import { logUnregister } from './sps-log.js';
import { observe } from './sps-session.js';
import { failed, type TaskOutcome } from './sps-tasks.js';
import type { LabRegistration, LabVcenter, LabWorld } from './world.js';

/** The work of `UnregisterProvider_Task`, with its lines in sps.log. */
export function unregister(world: LabWorld, vcenter: LabVcenter, uid: string, atMs: number, key: string): TaskOutcome {
  const registration = vcenter.registrations.find((one) => one.uid === uid);
  if (!registration) return failed('NotFound', `No provider with that uid.`);
  for (const one of vcenter.registrations) observe(world, vcenter, one);
  const siblings = siblingsOf(world, vcenter, registration);
  const backup = siblings[0]?.registration;
  const array = siblings[0]?.array ?? arraysOf(world, registration)[0];
  const nullPointer = hitsNullPointer(world, registration, siblings);
  const fallsOver = array !== undefined && (nullPointer || (registration.active && backup !== undefined));
  logUnregister(vcenter, atMs, key, {
    uid,
    nullPointer,
    ...(fallsOver ? { failover: { array, ...(backup ? { backup: backup.uid } : {}) } } : {}),
  });
  if (nullPointer) {
    return world.switches.npeShows === 'fault' ? failed('ProviderUnregistrationFault', 'Unregistration failed.') : {};
  }
  vcenter.registrations.splice(vcenter.registrations.indexOf(registration), 1);
  if (registration.active && backup) backup.active = true;
  return {};
}

interface Sibling {
  readonly registration: LabRegistration;
  readonly array: string;
}

/** Does removing the registration end in the NullPointerException that SMS logs and forgets? */
function hitsNullPointer(world: LabWorld, registration: LabRegistration, siblings: readonly Sibling[]): boolean {
  const { npeWhen, npeWhenAllBlocked } = world.switches;
  const view = registration.session?.view ?? 'healthy';
  if (view === 'healthy') return false;
  if (view === 'offline') {
    const blocked = siblings.filter((one) => one.registration.session?.view === 'offline');
    return npeWhenAllBlocked === 'persists' && siblings.length > 0 && blocked.length === siblings.length;
  }
  switch (npeWhen) {
    case 'backup':
      return siblings.length > 0;
    case 'active-with-backup':
      return registration.active && siblings.length > 0;
    case 'always':
      return true;
  }
}

/** Other registrations that serve an array of this one's provider, highest priority first. */
function siblingsOf(world: LabWorld, vcenter: LabVcenter, registration: LabRegistration): Sibling[] {
  const own = new Set(arraysOf(world, registration));
  return vcenter.registrations
    .flatMap((one): Sibling[] => {
      const array = one === registration ? undefined : arraysOf(world, one).find((id) => own.has(id));
      return array === undefined ? [] : [{ registration: one, array }];
    })
    .sort((a, b) => b.registration.priority - a.registration.priority);
}
