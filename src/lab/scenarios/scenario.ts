import type { FindingCode, Severity } from '../../model/finding.js';
import type { HolderGrade, TriState } from '../../model/inventory.js';
import type { LabWorld, SpsSwitches } from '../world.js';
import type { WorldBuilder } from '../world-builder.js';

/** A simulated estate with what a correct audit finds in it. The expectation follows from the product's definitions, not from its output. */
export interface Scenario {
  readonly name: string;
  /** One sentence for `lab up --help`. */
  readonly about: string;
  readonly switches?: Partial<SpsSwitches>;
  /** How many RSA keys the estate takes: made in parallel before they are asked for. */
  readonly rsaKeys: number;
  build(lab: WorldBuilder): Promise<void>;
  /** Changes to appliances after their files were written. */
  touchUp?(world: LabWorld): void;
  readonly expectation: ScenarioExpectation;
}

/** vCenters by id, providers by their name in the lab. */
export interface ScenarioExpectation {
  readonly exitCode: 0 | 1 | 3;
  /** Every finding of severity error or warning, and no other. */
  readonly findings: readonly ExpectedFinding[];
  /** Findings that may come on top because the definitions leave them open. */
  readonly mayAlso?: readonly { readonly code: FindingCode; readonly why: string }[];
  /** vCenters with a notice about skipped internal providers. */
  readonly internalSkipped?: readonly string[];
  readonly holders: readonly ExpectedHolder[];
  readonly registrations: readonly ExpectedRegistration[];
  /** True: something cannot be seen, so gaps are right. False or missing: none. */
  readonly gaps?: boolean;
}

export interface ExpectedFinding {
  readonly code: FindingCode;
  readonly severity: Severity;
  readonly vcenter?: string;
  readonly provider?: string;
}

export interface ExpectedHolder {
  readonly provider: string;
  /** VASA 5: the vCenter whose virtual host this is about. */
  readonly virtualHostOf?: string;
  /** Empty: the issuer is no vCenter of the estate. */
  readonly vcenters: readonly string[];
  /** With SSH to every appliance. Missing: no vCenter holds it, so no grade is promised. */
  readonly grade?: HolderGrade;
  /** Without SSH; missing: as with it. */
  readonly gradeWithoutSsh?: HolderGrade;
}

export interface ExpectedRegistration {
  readonly vcenter: string;
  readonly provider: string;
  /** As SMS shows it under the scenario's own switches. */
  readonly status: string;
  readonly trusted: TriState;
  readonly stale: TriState;
}
