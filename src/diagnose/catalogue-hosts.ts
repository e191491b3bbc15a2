import type { Signature } from './signature.js';

const vvold = (text: string): string => `2024-05-01T10:00:00.000Z error vvold[2099041] [Originator@6876 sub=Default] ${text}`;

/** What ESXi's vvold.log tells of providers, and the echo of SPS's calls in a host's logs. */
export const HOST_SIGNATURES: readonly Signature[] = [
  {
    id: 'C35',
    writtenBy: 'vvold',
    literals: ['VasaSession::DoSetContext: setContext for VP'],
    pattern:
      /VasaSession::DoSetContext: setContext for VP (?<name>.+?) \(url: (?<url>[^)\s]+)\) failed \[connectionState: TransportError\]: TRANSPORT_FAULT/,
    meaning: 'A host could not make a session: the provider did not answer, or its TLS did not come about.',
    cause: 'The provider is down or overloaded, often by all hosts connecting at once.',
    remedy: 'Let the provider recover; have hosts reconnect a few at a time.',
    source: 'KB 412434.',
    mark: 'documented',
    sample: vvold(
      'VasaSession::DoSetContext: setContext for VP array1-ct0 (url: https://array1.lab.example:8443/vasa/services/vasaService?version=4) failed [connectionState: TransportError]: TRANSPORT_FAULT (Timeout / SSL_connect() failed in tcp_connect())',
    ),
  },
  {
    id: 'C36',
    writtenBy: 'vvold',
    literals: ['VasaSession::DoSetContext: setContext for VP'],
    pattern:
      /VasaSession::DoSetContext: setContext for VP (?<name>.+?) \(url: (?<url>[^)\s]+)\) failed \[connectionState: Connected\]: STORAGE_FAULT/,
    meaning: 'The provider answered the host with something that is no VASA answer. Not about certificates.',
    cause: 'The provider is overloaded.',
    remedy: 'Let the provider recover; have hosts reconnect a few at a time.',
    source: 'KB 412434.',
    mark: 'documented',
    sample:
      '2024-05-01T10:00:00.000Z Er(163) VVold[2255518]: [Originator@6876 sub=Default] VasaSession::DoSetContext: setContext for VP array1-ct0 (url: https://array1.lab.example:8443/vasa/services/vasaService?version=4) failed [connectionState: Connected]: STORAGE_FAULT (ADB conversion error. Details: Invalid Fault Id / )',
  },
  {
    id: 'C37',
    writtenBy: 'vvold',
    literals: ['failed to get endpoint, err=SSL'],
    pattern: /VasaSession::GetEndPoint: failed to get endpoint, err=SSL Exception/,
    meaning: 'TLS between a host and a provider failed.',
    cause: 'The host does not trust the provider, or the provider does not accept the host (inferred).',
    remedy: 'Compare what hosts trust with what the provider serves (audit).',
    source: 'Published vvold.log extracts.',
    mark: 'documented',
    sample: vvold('VasaSession::GetEndPoint: failed to get endpoint, err=SSL Exception: handshake'),
  },
  {
    id: 'C38',
    writtenBy: 'vvold',
    literals: ["===> Issuing '"],
    pattern:
      /VasaOp::(?!EventPollerCB\b)(?<op>\w+) \[#\d+\]: ===> Issuing '(?<call>\w+)' to VP (?<name>\S+) .*\[session state: (?<state>\w+)\]/,
    meaning: 'A host asks a provider something; the session state should be Connected.',
    source: "An array vendor's troubleshooting guide.",
    mark: 'documented',
    sample: vvold(
      "VasaOp::BindInt [#12]: ===> Issuing 'bindVirtualVolume' to VP array1-ct0 (#outstanding 0/5) [session state: Connected]",
    ),
  },
  {
    id: 'C39',
    writtenBy: 'vvold',
    literals: ['===> FINAL SUCCESS '],
    pattern: /===> FINAL SUCCESS (?<call>\w+) VP \((?<name>[^)\s]+)\)/,
    meaning: 'A host got its answer: the control path works.',
    source: "An array vendor's troubleshooting guide.",
    mark: 'documented',
    sample: vvold(
      'VasaOp::BindInt [#12]: ===> FINAL SUCCESS bindVirtualVolume VP (array1-ct0) Container (c) timeElapsed=7 msecs',
    ),
  },
  {
    id: 'C40',
    writtenBy: 'vvold',
    literals: ['FINAL FAILURE deleteVirtualVolume'],
    pattern: /FINAL FAILURE deleteVirtualVolume, error \(RESOURCE_BUSY/,
    meaning: 'The array did not delete a volume that is in use. Not about registrations.',
    source: 'Published vvold.log extracts.',
    mark: 'documented',
    sample: vvold('VasaOp::ThrowFromSessionError [#13]: ===> FINAL FAILURE deleteVirtualVolume, error (RESOURCE_BUSY / )'),
  },
  {
    id: 'C41',
    writtenBy: 'vvold',
    literals: ['Could not find VVol'],
    pattern: /Could not find VVol/,
    meaning: 'The array does not know a volume. Not about registrations.',
    source: 'Published vvold.log extracts.',
    mark: 'documented',
    sample: vvold('VasaOp::ThrowFromSessionError [#14]: Could not find VVol rfc4122.0'),
  },
  {
    id: 'C42',
    writtenBy: 'vvold',
    literals: ['VasaOp::EventPollerCB '],
    pattern: /VasaOp::EventPollerCB .*Issuing 'getEvents'(?: to VP (?<name>\S+))?/,
    meaning: 'A host asks a provider for events, every ten seconds, active or standby. Healthy.',
    source: "An array vendor's troubleshooting guide.",
    mark: 'documented',
    sample: vvold(
      "VasaOp::EventPollerCB [#15]: ===> Issuing 'getEvents' to VP array1-ct0 (#outstanding 0/5) [session state: Connected]",
    ),
  },
  {
    id: 'C49',
    writtenBy: 'hostd, vpxa',
    literals: ['vim.fault.NotFound'],
    pattern: /opID=(?<opId>sps-Main-\d+-\d+\S*?)[\]\s].*\bvim\.fault\.NotFound\b/,
    meaning: 'A host answers a call of SPS with NotFound; the opID ties the line to SPS.',
    source: 'Published host log extracts.',
    mark: 'documented',
    sample:
      '2024-05-01T10:00:00.000Z info hostd[2099500] [Originator@6876 sub=Solo.Vmomi opID=sps-Main-605481-414-26 user=vpxuser] Result: (vim.fault.NotFound) { }',
  },
];
