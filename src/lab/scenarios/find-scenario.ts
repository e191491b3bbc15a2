import { byName } from './by-name.js';
import { clash } from './clash.js';
import { controllerSplit } from './controller-split.js';
import { down } from './down.js';
import { estateOf } from './estate-of.js';
import { expiredRoot } from './expired-root.js';
import { externalCa } from './external-ca.js';
import { holderOutside } from './holder-outside.js';
import { ipv6 } from './ipv6.js';
import { leftover } from './leftover.js';
import { linkedMode } from './linked-mode.js';
import { sameName } from './same-name.js';
import type { Scenario } from './scenario.js';
import { sharedPsc } from './shared-psc.js';
import { vasa5 } from './vasa5.js';

/** In the order `lab up --help` lists them; `estate-of-<n>` comes on top. */
export const SCENARIOS: readonly Scenario[] = [
  clash,
  sameName,
  linkedMode,
  sharedPsc,
  externalCa,
  vasa5,
  expiredRoot,
  ipv6,
  byName,
  controllerSplit,
  holderOutside,
  leftover,
  down,
];

const ESTATE_OF = /^estate-of[- ]([1-9][0-9]{0,4})$/;

/** A scenario by name, `estate-of-50` included; undefined when there is none. */
export function findScenario(name: string): Scenario | undefined {
  const size = ESTATE_OF.exec(name)?.[1];
  return size ? estateOf(Number(size)) : SCENARIOS.find((scenario) => scenario.name === name);
}
