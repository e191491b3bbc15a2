import { certificateTools } from './appliance-certificate-tools.js';
import { directoryTools } from './appliance-directory-tools.js';
import { fileTools } from './appliance-file-tools.js';
import { hostTools } from './appliance-host-tools.js';
import { networkTools } from './appliance-network-tools.js';
import { processTools } from './appliance-process-tools.js';
import type { Program } from './appliance-program.js';
import { sed } from './appliance-sed.js';
import { serviceTools } from './appliance-service-tools.js';
import { textTools } from './appliance-text-tools.js';
import type { LabAppliance } from './world.js';

const PROGRAMS: ReadonlyMap<string, Program> = new Map([
  ...textTools,
  ['sed', sed] as const,
  ...fileTools,
  ...networkTools,
  ...serviceTools,
  ...certificateTools,
  ...directoryTools,
  ...hostTools,
  ...processTools,
]);
const variants = new Map<string, ReadonlyMap<string, Program>>();

/** Everything that can be run on this appliance. What is not in here is not found, 127. */
export function programsOf(appliance: LabAppliance): ReadonlyMap<string, Program> {
  const missing = [...(appliance.hasIp ? [] : ['ip']), ...(appliance.init === 'systemd' ? [] : ['systemctl', 'systemd-run'])];
  const key = missing.join(' ');
  let found = variants.get(key);
  if (!found) {
    found = new Map([...PROGRAMS].filter(([name]) => !missing.includes(name)));
    variants.set(key, found);
  }
  return found;
}
