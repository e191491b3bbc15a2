import { createHash } from 'node:crypto';
import { ApplianceFiles, SPS_LOG } from './appliance-files.js';
import { type RebootOptions, rebootAppliance } from './appliance-reboot.js';
import { SMS_CONFIG } from './sps-life.js';
import type { LabVcenter, LabWorld } from './world.js';

/** What other people and the world do to an estate while somebody works on it. Each is in the record as a change of its own. */

/** Another administrator edits sms-config.xml: a new file in its place, as editors make it. */
export function touchConfig(world: LabWorld, vcenter: LabVcenter, edit: (text: string) => string): void {
  const files = new ApplianceFiles(world, vcenter);
  const before = files.read(SMS_CONFIG)?.content.toString('utf8') ?? '';
  files.replace(SMS_CONFIG, Buffer.from(edit(before)));
}

/** Log rotation: sps.log becomes sps.log.1, what that was becomes sps.log.2, and a new file is begun. */
export function rotateLog(world: LabWorld, vcenter: LabVcenter): void {
  const files = new ApplianceFiles(world, vcenter);
  const { appliance } = vcenter;
  if (files.read(`${SPS_LOG}.1`)) files.move(`${SPS_LOG}.1`, `${SPS_LOG}.2`);
  const whole = files.read(SPS_LOG);
  if (appliance.files.has(SPS_LOG)) files.move(SPS_LOG, `${SPS_LOG}.1`);
  else files.write(`${SPS_LOG}.1`, whole?.content ?? Buffer.alloc(0), 0o640);
  appliance.sps.log.length = 0;
  appliance.sps.rotations = (appliance.sps.rotations ?? 0) + 1;
}

/**
 * The passive node of a VCHA pair takes over: another host key and machine id, no routes, nothing of root's, no units; SPS starts. Whether
 * sms-config.xml is replicated is not known (`config` undefined: it is).
 */
export async function failOver(
  world: LabWorld,
  vcenter: LabVcenter,
  options: RebootOptions & { readonly config?: string } = {},
): Promise<void> {
  const { appliance } = vcenter;
  const gone = ['/root/', '/tmp/', '/etc/systemd/system/', '/etc/cron.d/'];
  const rebooting = rebootAppliance(world, vcenter, options);
  const files = new ApplianceFiles(world, vcenter);
  for (const path of files.paths()) if (gone.some((one) => path.startsWith(one))) appliance.files.delete(path);
  if (options.config !== undefined) files.replace(SMS_CONFIG, Buffer.from(options.config));
  appliance.hostKeyNumber += 1;
  appliance.machineId = createHash('sha256').update(appliance.machineId).digest('hex').slice(0, 32);
  await rebooting;
}
