import type { FindingCode, Severity } from '../../model/finding.js';

/** How sure we are of a fact about vCenter or VASA that a code rests on. */
export type Mark = 'documented' | 'inferred' | 'not found';

export interface SourceNote {
  readonly mark: Mark;
  readonly text: string;
}

/** What `explain` and docs/findings/ say about one code. */
export interface CodeEntry {
  readonly code: FindingCode;
  readonly severity: Severity;
  readonly title: string;
  readonly meaning: string;
  /** What has to be seen before the code is given, and what keeps it quiet. */
  readonly proof: string;
  readonly remedy: string;
  readonly sources: readonly SourceNote[];
}

const documented = (text: string): SourceNote => ({ mark: 'documented', text });
const inferred = (text: string): SourceNote => ({ mark: 'inferred', text });
const notFound = (text: string): SourceNote => ({ mark: 'not found', text });

/** Every code of the contract: causes before consequences, errors first. Reports keep this order. */
export const CODES: readonly CodeEntry[] = [
  {
    code: 'vmca-clash',
    severity: 'error',
    title: 'Several vCenters registered one provider, and each registration throws out the one before',
    meaning:
      'Before VASA 5 a provider has one server certificate. A vCenter that registers it has its own VMCA sign that certificate anew, so the vCenters registered before no longer trust what the provider serves: their registration goes offline or disconnected, their hosts lose the control path, and their VVol datastores become inaccessible. Registering again only turns the tables.',
    proof:
      "One served leaf is shared by two or more registrations, its signature verifies with the key of one vCenter's VMCA, the provider does not say that it keeps its certificate, and at least one other vCenter is proven not to trust the leaf or not to be accepted. Linked vCenters that trust each other's VMCA, virtual hosts of VASA 5 and a shared external CA are healthy and give nothing.",
    remedy:
      'Give the provider one certificate that every vCenter accepts: have it signed by an external CA whose root every vCenter trusts, and have the provider keep it (retain). Or move provider, vCenters and hosts to VASA 5, where each vCenter gets a certificate of its own; or leave the provider to a single vCenter. Do not refresh certificates or register again from the vCenter that lost: that throws out the holder. Removing the dead registration is a step of the cure, not the cure.',
    sources: [
      documented('vSphere Virtual Volumes guides 6.0 to 7.0: SMS has VMCA sign the provider certificate on registration.'),
      documented('Published case: vCenter 6.5 and 6.7 on one array overwrote each other; an external CA was the way out.'),
      documented('vSphere SMS API: retainVasaProviderCertificate stops SMS from provisioning a VMCA certificate.'),
      inferred(
        'That the provider replaces its certificate at each registration, whatever vCenter asks, is read from one open provider and from reports.',
      ),
    ],
  },
  {
    code: 'trust-lost',
    severity: 'error',
    title: 'A vCenter does not trust what the provider serves',
    meaning:
      'This vCenter finds no path by key from the served certificate to one of its trust anchors, and holds no entry for the provider in its SMS store. It cannot talk to the provider, and neither can hosts that go by the same anchors.',
    proof:
      'The served leaf was read, all trust anchors and the SMS store were seen, and no chain of verified signatures leads from one to the other; or SMS itself names this very leaf as not trusted. Names play no part: a CA of the right name with another key does not count.',
    remedy:
      'Find out who holds the provider. Held by another vCenter: see vmca-clash. Held by nobody here: see holder-outside-estate. Do not have this vCenter refresh or re-register while another one depends on the provider.',
    sources: [
      documented('vSphere SMS API: fault CertificateNotTrusted; status disconnected means no valid TLS connection.'),
      inferred('That SMS accepts a leaf which is stored under the provider URL in the VECS store SMS.'),
    ],
  },
  {
    code: 'client-not-accepted',
    severity: 'error',
    title: 'The provider refuses what a vCenter presents',
    meaning:
      'TLS needs both directions. The provider does not accept the client certificate of this vCenter, usually because a later registration replaced the list of CAs it accepts, or because the certificate changed hands when the VMCA was renewed.',
    proof:
      'A status fault of SMS that says so, or a TLS alert in sps.log that names the provider. The list of acceptable CAs that the provider sends is a hint only and proves nothing.',
    remedy:
      "Compare what this vCenter presents with the CAs the provider accepts. A provider that several vCenters share has to accept every vCenter's CA; ask its vendor how CAs are added rather than replaced. The holder may push its roots to the provider again.",
    sources: [
      documented('TLS alerts in sps.log, such as certificate_unknown(46) (KB 402809).'),
      inferred('Whether a provider replaces or adds CAs at each registration differs between vendors.'),
      notFound('Which entry of the store SMS is presented to VVol providers before vSphere 8.'),
    ],
  },
  {
    code: 'stale-registration',
    severity: 'error',
    title: 'A registration is dead and will not come back by itself',
    meaning:
      'The provider answers, but this vCenter no longer trusts it or is no longer accepted, and SMS shows it offline or disconnected. The registration stays in the way: removing it in the client can fail without a word, because the service trips over a session that was never built.',
    proof:
      'All of this at once: an external provider; status offline or disconnected; TLS to it succeeds from that very appliance; the served leaf is proven not to verify there, or the client certificate proven refused; and the provider either does not keep its certificate or its holder is proven by a VMCA key. If any part is unknown the answer is unknown. A provider that does not answer is provider-unreachable and never stale.',
    remedy:
      'Decide first how the provider is to be shared (see vmca-clash): after the removal this vCenter has no control path until it registers again. Then remove the registration; check with a fresh query that it is gone, since a completed task proves nothing.',
    sources: [
      documented('vSphere SMS API: offline means no answer; disconnected means no valid TLS connection, and SMS stops trying.'),
      documented('Published case: the task is marked complete although the removal failed with a NullPointerException.'),
    ],
  },
  {
    code: 'removal-failed',
    severity: 'error',
    title: 'Removing a registration failed although its task completed',
    meaning:
      'SPS tried to fail over from the removed provider to a backup, hit a session that was never built, and gave up with a NullPointerException. The task is marked complete all the same and the registration is still there.',
    proof:
      'The end of sps.log, read on the appliance, shows it: between the start of an unregister and the completion of its task stands "Error while removing an entry for the provider in the providerCache - java.lang.NullPointerException" (or another error), and SMS still lists the uid. Quiet where the registration is gone; not judged without SSH. `vasatrust diagnose` reads whole logs and support bundles.',
    remedy:
      'Query the providers again to see that the registration is still there. It can be removed once SPS has started without reaching the provider; that takes a change on the appliance which has to be taken back afterwards.',
    sources: [
      documented('Published case with the log lines in their order.'),
      inferred('The condition (an active provider without a session, with a backup registered) is read from the stack trace.'),
    ],
  },
  {
    code: 'root-missing',
    severity: 'error',
    title: 'The provider keeps its own certificate, and a vCenter lacks the CA that issued it',
    meaning:
      'The provider keeps its certificate, so nobody threw anybody out. This vCenter just does not have the issuing CA among its trust anchors. The registration is not stale: it works again when the CA is there.',
    proof:
      'SMS says that the provider retains its certificate, and the served leaf is proven to have no path to a trust anchor of this vCenter.',
    remedy:
      "Publish the issuing CA's certificate, with the intermediates, in this vCenter's trusted roots, push it to the hosts, then synchronise or reconnect the provider.",
    sources: [
      documented(
        'vSphere SMS API: with a retained certificate the root has to be in the trust store, else CertificateNotImported.',
      ),
    ],
  },
  {
    code: 'name-mismatch',
    severity: 'error',
    title: 'The provider is registered under a name that its certificate does not carry',
    meaning:
      'vCenter compares the host in the registered URL with the names in the certificate. A provider registered by IP address needs that address in the certificate.',
    proof:
      'The host of the registered URL, a name or a canonical IP address, matches no subject alternative name of the served leaf. Quiet where this vCenter is online with that very leaf: then SMS accepted it.',
    remedy:
      'Register the provider under a name its certificate carries, or have the certificate issued again with the name or address in it.',
    sources: [
      documented('vSphere SMS API: a host name mismatch is InvalidCertificate.'),
      inferred('Which name is compared at a virtual host of VASA 5: either is taken.'),
    ],
  },
  {
    code: 'certificate-expired',
    severity: 'error',
    title: 'A certificate in use has expired',
    meaning:
      'A provider serves an expired certificate, or a vCenter presents one. The other side refuses it, today or at the next connection.',
    proof: 'The end of the served leaf, or of the entry of the store SMS, is before the time of the audit.',
    remedy:
      'A provider certificate that SMS manages: renew it from the vCenter that holds the provider, and from no other. A retained certificate: renew it on the provider. A client certificate of vCenter: SPS renews it by itself; find out why it did not.',
    sources: [
      documented('vSphere SMS API: certificateStatus expired; the provider has to be unregistered and registered again.'),
      documented('KB 440183: SPS renews sps-extension and sms_self_signed by itself.'),
      notFound('How long before its end SPS renews a certificate.'),
    ],
  },
  {
    code: 'root-expired',
    severity: 'error',
    title: "A CA certificate that a provider's path needs has expired",
    meaning:
      'The path from the served leaf to a trust anchor leads over an expired CA certificate and there is no way round it, or the VMCA of this vCenter has itself expired.',
    proof:
      'With the expired certificates left out, no path is left. A renewed certificate for the same key counts as a way round. For a VMCA: read on the appliance, or nothing younger for its key is known.',
    remedy:
      'Renew the CA certificate, publish it in the trusted roots of every vCenter that needs it, push it to the hosts. A VMCA root is replaced with the certificate manager; what it issued, the store SMS included, has to be issued again.',
    sources: [
      inferred('Some TLS stacks check only the leaf: an expired root may go unnoticed until a service restarts.'),
      documented('Replacing the VMCA root with the certificate manager does not issue the store SMS again (tested on 8.0.3).'),
    ],
  },
  {
    code: 'provider-unreachable',
    severity: 'error',
    title: 'A provider does not answer',
    meaning:
      'Nothing answers at the provider URL from the place named. This says nothing about trust, and the registration is not stale because of it.',
    proof:
      'A TLS handshake was tried and did not get as far as a certificate. One finding where nobody gets an answer, else one per appliance that gets none; what only the auditing machine cannot reach is its own network. A provider behind a reject route on the appliance is cleanup-leftover instead.',
    remedy:
      'Check that the provider runs, then name resolution, routes and firewalls between the place named and the provider. Audit again before removing anything.',
    sources: [documented('vSphere SMS API: offline means no answer, and SMS keeps trying.')],
  },
  {
    code: 'same-name-other-key',
    severity: 'warning',
    title: 'Two CAs have one name and different keys',
    meaning:
      'A rebuilt vCenter, or two set up alike, have VMCAs with the same distinguished name. Tools that go by names take one for the other, and a trust store that shows the right name may hold the wrong key.',
    proof:
      'CA certificates with equal subjects and different public keys among VMCAs, trust anchors and served chains, where the name is that of a VMCA or of the issuer of a served leaf.',
    remedy:
      'Compare key identifiers or fingerprints, never names. Take CA certificates of VMCAs that no longer exist out of the trusted roots, after checking that nothing still needs them.',
    sources: [
      documented('VMCA roots of rebuilt vCenters can have byte-identical subjects.'),
      inferred('The default names of certificate-manager and of vCert are the same on every vCenter.'),
    ],
  },
  {
    code: 'certificate-expiring',
    severity: 'warning',
    title: 'A certificate in use expires within 30 days',
    meaning:
      'A provider certificate, a client certificate that vCenter presents, or a VMCA comes to its end and nothing has renewed it yet.',
    proof:
      'Fewer than 30 days until notAfter. SMS itself warns from 6 months on, which a one-year certificate exceeds for half its life; its hard limit is one month.',
    remedy:
      'Renew it: a provider certificate that SMS manages from the vCenter that holds the provider, and from no other; a retained one on the provider. For what vCenter presents, look into SPS: it should have renewed it.',
    sources: [
      documented('KB 323232: soft limit 6 months, hard limit 1 month.'),
      notFound('Whether SMS ever renews a provider certificate by itself.'),
    ],
  },
  {
    code: 'weak-certificate',
    severity: 'warning',
    title: 'A certificate in use is weak',
    meaning:
      'Its signature uses MD5 or SHA-1, or its key is too short. Newer TLS stacks refuse such certificates, so an update on either side can cut the connection.',
    proof:
      'Signature algorithm with MD2, MD4, MD5 or SHA-1 (a self-signed certificate aside: nobody relies on that signature), RSA below 2048 bits, or an elliptic curve below 224 bits.',
    remedy: 'Have it issued again with SHA-256 and RSA 2048 or better.',
    sources: [inferred('The lists are ours; what a given vCenter refuses depends on its TLS settings.')],
  },
  {
    code: 'incomplete-chain',
    severity: 'warning',
    title: 'The provider leaves out an intermediate certificate',
    meaning: 'Some vCenters happen to have the intermediate and trust the provider; others trust the same root and do not.',
    proof:
      'A vCenter that does not trust the leaf finds a path as soon as one CA certificate is added, which the provider did not send and another vCenter has.',
    remedy: 'Have the provider serve the whole chain below the root, or publish the intermediate in every vCenter.',
    sources: [inferred('One open provider drops intermediates when it stores a signed certificate.')],
  },
  {
    code: 'sole-provider',
    severity: 'warning',
    title: 'A vCenter reaches an array through one provider only',
    meaning:
      'When this one provider goes, the control path to the array goes with it, and removing its registration leaves none.',
    proof:
      'Among the external registrations of this vCenter the array is told by those of one provider alone. Two uids for one provider count once.',
    remedy:
      "Register the array's other controller too, where it has one. Where the vendor has a single provider per array, nothing is to be done, but plan its outages.",
    sources: [
      documented('Arrays with two controllers run one provider on each.'),
      documented('Removing the last provider of a container with bound virtual volumes made them inaccessible.'),
    ],
  },
  {
    code: 'duplicate-registration',
    severity: 'warning',
    title: 'One provider is registered twice in one vCenter',
    meaning:
      'Two registrations lead to the same provider, usually one by name and one by address. They compete for its one certificate and its sessions.',
    proof: 'Two uids in one vCenter for the same namespace and provider id, or the same host and port.',
    remedy: 'Keep the one whose name the certificate carries; remove the other when nothing depends on it.',
    sources: [documented('Since 6.7 the uid is made of namespace and provider id to prevent this.')],
  },
  {
    code: 'controller-split',
    severity: 'warning',
    title: 'Two controllers of one array are held by different vCenters',
    meaning: 'Each vCenter trusts one controller and not the other. Both seem to work, until the active controller changes.',
    proof:
      'Two providers tell the same array, and the holders of their certificates, proven by key, are different vCenters that are not linked.',
    remedy:
      'As for vmca-clash: one certificate per controller that every vCenter accepts. Registering one controller again only moves the split.',
    sources: [inferred('Follows from one certificate per controller.')],
  },
  {
    code: 'holder-outside-estate',
    severity: 'warning',
    title: 'The served certificate was issued by a CA nobody here has',
    meaning: 'Somebody else may hold this provider: a vCenter that is not in estate.yaml, or a CA that no vCenter here trusts.',
    proof:
      'The leaf is not self-signed, the provider does not say that it keeps its certificate, the VMCA or all trust anchors of every vCenter were seen, and none issued it.',
    remedy:
      "Find the vCenter or CA: the issuer's name is a hint, not proof. Add the vCenter to estate.yaml and audit again, or publish the CA's root where it belongs.",
    sources: [
      inferred(
        'The default name of a VMCA carries the host name of its vCenter in O=; it can be localhost or the same everywhere.',
      ),
    ],
  },
  {
    code: 'host-trust-missing',
    severity: 'warning',
    title: 'Hosts do not trust a provider that their vCenter trusts',
    meaning:
      'SMS shows the provider online, but hosts talk to it themselves, and their trust anchors lack its issuer: their VVol datastores are inaccessible.',
    proof:
      'vCenter has a path by key from the served leaf to a trust anchor; hosts that depend on the provider and whose anchors were seen have none.',
    remedy:
      'Have vCenter refresh the CA certificates of these hosts, a few at a time: each refresh makes the host set up its provider sessions anew.',
    sources: [
      documented('Hosts verify the provider against their own CA store, which vCenter fills.'),
      documented('Refreshing many hosts at once can overload a provider.'),
    ],
  },
  {
    code: 'clock-skew',
    severity: 'warning',
    title: 'The clock of a vCenter is off by more than a minute',
    meaning:
      'A certificate that is not valid yet counts as invalid. Freshly issued ones then fail, and times in logs and reports cannot be compared.',
    proof:
      'The time the vCenter tells differs from that of this machine by more than 60 seconds, at a resolution of one second. The clock that is wrong may be this one.',
    remedy: 'Check NTP on the vCenter and on this machine.',
    sources: [documented('vSphere SMS API: not yet valid is InvalidCertificate.'), inferred('The limit of 60 seconds is ours.')],
  },
  {
    code: 'cleanup-leftover',
    severity: 'warning',
    title: 'A cleanup left something on an appliance, or is under way',
    meaning:
      'A route that rejects a provider, a changed retryAttempt, or a timer is still there. A route cuts off every provider at that address; with a changed retryAttempt SPS gives up on providers that it should wait for.',
    proof:
      'A host route of type unreachable, prohibit or blackhole to an address of an external provider; qsConnection/retryAttempt other than the shipped 99999; timers or record folders of an earlier run.',
    remedy:
      'If a cleanup is running now, let it end. A folder or timer of vasatrust is named after its run: where its journal is, `vasatrust runs show` tells what is left, and `runs resume` or `runs revert` ends it. Else take back what is named: delete the route, set retryAttempt to what it was, restart SPS once so that it reads the file.',
    sources: [
      documented('The published procedure sets both and says to take both back.'),
      inferred('That 99999 is the shipped value on every build.'),
    ],
  },
  {
    code: 'internal-provider-skipped',
    severity: 'notice',
    title: 'Internal providers were left out',
    meaning:
      'IO filter and vSAN providers run inside vSphere, have certificates of their own kind and take no part in a clash over an array.',
    proof:
      'SMS gives their category as internal. Before 6.7 it has no such field: then the registered name and port decide, marked inferred.',
    remedy: 'Nothing to do.',
    sources: [
      documented('vSphere SMS API: category internal, since 6.7.'),
      inferred('The names and ports of internal providers before 6.7.'),
    ],
  },
];

const BY_CODE: ReadonlyMap<string, CodeEntry> = new Map(CODES.map((entry) => [entry.code, entry]));

/** The entry of a code that exists. */
export function codeEntry(code: FindingCode): CodeEntry {
  const entry = BY_CODE.get(code);
  if (entry === undefined) throw new Error(`no entry for the finding code ${code}`);
  return entry;
}

/** For what a user typed. */
export function findCodeEntry(text: string): CodeEntry | undefined {
  return BY_CODE.get(text.trim().toLowerCase());
}

export function severityOf(code: FindingCode): Severity {
  return codeEntry(code).severity;
}
