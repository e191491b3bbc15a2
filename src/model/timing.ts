/** Every wait and deadline of the product, in milliseconds; one value is handed down, so that tests run the same code faster. */
export interface Timing {
  /** TCP, TLS or SSH set-up with one peer. */
  readonly connectMs: number;
  /** One request and its whole answer. */
  readonly requestMs: number;
  /** Everything one source of one vCenter may take. */
  readonly sourceMs: number;
  /** One command on an appliance. */
  readonly commandMs: number;
  /** One TLS look at a provider from the operator's machine. */
  readonly probeMs: number;
  /** How long a second of the published procedure lasts: its waits are written in seconds. 1000, unless a test hurries. */
  readonly secondMs: number;
  /** A run that gave no sign of life for so long is taken back by the appliance itself. */
  readonly leaseMs: number;
  /** How often a run gives a sign of life. */
  readonly renewMs: number;
  /** How often the appliance looks for it. */
  readonly guardMs: number;
}

export const DEFAULT_TIMING: Timing = {
  connectMs: 10_000,
  requestMs: 60_000,
  sourceMs: 120_000,
  commandMs: 30_000,
  probeMs: 10_000,
  secondMs: 1_000,
  leaseMs: 120_000,
  renewMs: 20_000,
  guardMs: 30_000,
};
