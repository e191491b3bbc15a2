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
}

export const DEFAULT_TIMING: Timing = {
  connectMs: 10_000,
  requestMs: 60_000,
  sourceMs: 120_000,
  commandMs: 30_000,
  probeMs: 10_000,
};
