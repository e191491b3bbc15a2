import type { LabVcenter, LabWorld } from './world.js';

/** SSH connections that are open now; each is cut by its function. */
const open = new WeakMap<LabVcenter, Set<() => void>>();

/** @returns what to call when the connection has ended by itself */
export function enterConnection(vcenter: LabVcenter, cut: () => void): () => void {
  const all = open.get(vcenter) ?? new Set();
  open.set(vcenter, all);
  all.add(cut);
  return () => all.delete(cut);
}

/** Every SSH connection to the appliance breaks, as by a firewall or a lost network. New ones are accepted. */
export function cutConnections(world: LabWorld, vcenter: LabVcenter): void {
  const all = [...(open.get(vcenter) ?? [])];
  if (all.length === 0) return;
  const at = world.now().toISOString();
  world.record.push({ at, where: vcenter.id, kind: 'change', what: 'cut SSH connections', outcome: String(all.length) });
  for (const cut of all) cut();
}
