import type { Holder, Reach, Registration, StaleReason, TriState } from '../model/inventory.js';

/** What decides; `retained` is `contradicted` where two vCenters' SMS disagree about the provider. */
export type Judged = Pick<Registration, 'category' | 'status' | 'trusted' | 'accepted' | 'reach'> & {
  readonly retained?: boolean | 'contradicted';
};

/**
 * Stale needs all of: category external; status offline or disconnected; TLS to the provider succeeds from that appliance; what it serves
 * proven not to verify there, or the client certificate proven refused; and the issuer must allow it. Any unknown part makes it unknown.
 */
export function judgeStale(registration: Judged, holder: Holder | undefined): Registration['stale'] {
  const parts: { value: TriState; why: StaleReason }[] = [
    {
      value: registration.category === 'unknown' ? 'unknown' : registration.category === 'external',
      why: { code: 'not-external', category: registration.category },
    },
    statusPart(registration.status),
    reachPart(registration.reach),
    trustPart(registration),
    issuerPart(registration.retained, holder),
  ];
  const value = parts.some((part) => part.value === false)
    ? false
    : parts.some((part) => part.value === 'unknown')
      ? 'unknown'
      : true;
  // Said are the parts that decide: for a "no" those that say no, for an "unknown" those not known, for a "yes" all of them.
  const deciding = value === true ? parts : parts.filter((part) => part.value === value);
  const why = deciding.map((part) => part.why).filter((one) => value !== true || one.code !== 'not-external');
  return { value, why: vhostUnknown(registration) && value === 'unknown' ? [...why, { code: 'virtual-host-unknown' }] : why };
}

function statusPart(status: string | undefined): { value: TriState; why: StaleReason } {
  if (status === undefined) return { value: 'unknown', why: { code: 'status', status: 'not told', met: false } };
  const met = status === 'offline' || status === 'disconnected';
  return { value: met, why: { code: 'status', status, met } };
}

/** Behind a reject route on the appliance the look from the operator's machine stands in, and the route is named. */
function reachPart(reach: Reach): { value: TriState; why: StaleReason } {
  switch (reach.from) {
    case 'appliance':
      return { value: reach.answers, why: { code: 'tls-from-appliance', outcome: reach.answers } };
    case 'operator':
      if (reach.blockedBy !== undefined)
        return { value: reach.answers ? true : 'unknown', why: { code: 'tls-from-appliance', outcome: 'reject-route' } };
      return { value: 'unknown', why: { code: 'tls-from-appliance', outcome: 'unknown' } };
    case 'nobody':
      return { value: 'unknown', why: { code: 'tls-from-appliance', outcome: 'unknown' } };
  }
}

/** Only a missing path by key counts as "does not verify"; a path broken by a constraint is not accepted there, but proves nothing lost. */
function trustPart({ trusted, accepted }: Judged): { value: TriState; why: StaleReason } {
  if (accepted.value === false) return { value: true, why: { code: 'client-refused', met: true } };
  if (trusted.value === false) {
    const lost: TriState = trusted.why.code === 'path-broken' ? 'unknown' : true;
    return { value: lost, why: { code: 'not-trusted', met: lost } };
  }
  if (trusted.value === true && accepted.value === true) return { value: false, why: { code: 'not-trusted', met: false } };
  // Trusted here, but whether the provider refuses us was not seen.
  if (trusted.value === true) return { value: 'unknown', why: { code: 'client-refused', met: 'unknown' } };
  return { value: 'unknown', why: { code: 'not-trusted', met: 'unknown' } };
}

function issuerPart(retained: Judged['retained'], holder: Holder | undefined): { value: TriState; why: StaleReason } {
  if (retained === 'contradicted') return { value: 'unknown', why: { code: 'issuer-unknown' } };
  if (retained !== undefined) return { value: !retained, why: { code: 'retained', value: retained } };
  if (holder !== undefined && (holder.grade === 'vmca-key' || holder.grade === 'issued-certificates'))
    return { value: true, why: { code: 'holder', vcenters: holder.vcenters, grade: holder.grade } };
  return { value: 'unknown', why: { code: 'issuer-unknown' } };
}

function vhostUnknown({ trusted }: Judged): boolean {
  return trusted.why.code === 'not-seen' && trusted.why.what === 'virtual-host';
}
