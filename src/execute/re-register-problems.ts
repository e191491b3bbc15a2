import type { NewRegistration } from '../model/cleanup-plan.js';
import type { SmsFault, SmsProviderRecord } from '../model/evidence.js';
import type { Problem } from '../model/problem.js';
import { plainText } from '../wire/redact.js';

/** By then everything else is as before, which is what every remedy begins from. */
const BY_HAND = 'vSphere Client, Configure > Storage Providers > Add';

/** What SMS said, and what to do about it. Source: the fault's own description in the SMS API. */
export function faultProblem(target: string, { name, url, username }: NewRegistration, fault: SmsFault): Problem {
  const said = fault.message === undefined ? '' : `: ${fault.message}`;
  const problem = (code: Problem['code'], what: string, remedy: string): Problem => ({
    code,
    target,
    summary: plainText(`registering ${name} at ${target} ended in ${fault.type}: ${what}`, 400),
    remedy,
    retry: 'after-remedy',
  });
  switch (fault.type) {
    case 'CertificateNotImported':
      return problem(
        'fault',
        'it keeps a certificate whose root is not in the trust store of this vCenter',
        `Publish that root here (\`vasatrust plan external-ca\` has the commands), then register it: ${BY_HAND}.`,
      );
    case 'InvalidCertificate':
      return problem(
        'fault',
        `its certificate is expired, not yet valid, revoked, or does not hold the host of ${url}`,
        `Give the array another certificate, or register it by a name that its certificate holds: ${BY_HAND}.`,
      );
    case 'CertificateNotTrusted':
      return problem(
        'tls-not-trusted',
        'its certificate is still not trusted, although it was handed over',
        'It may have changed in this moment. Audit again, and find out who changes it.',
      );
    case 'IncorrectUsernamePassword':
      return problem(
        'login-refused',
        `the provider refused the password of ${username}; it was not sent again`,
        `Mend \`registration.password\` of this provider in estate.yaml before the next attempt (arrays lock accounts), then register it: ${BY_HAND}.`,
      );
    case 'AlreadyExists':
      return problem(
        'fault',
        'SMS knows this provider already, under another address',
        'Look at the list of storage providers: another registration of the same controller may have to be removed first.',
      );
    case 'ProviderConnectionFailed':
      return problem(
        'fault',
        `SMS cannot reach ${url}`,
        `Check from the appliance that the provider answers (\`vasatrust doctor\`), then register it: ${BY_HAND}.`,
      );
    case 'InvalidUrl':
      return problem('config-invalid', `${url} is no address it takes`, 'Correct `url` of this provider in estate.yaml.');
    default:
      return problem(
        'fault',
        `no fault that is known here${said}`,
        `See sps.log around this time, then register it: ${BY_HAND}.`,
      );
  }
}

export const otherCertificate = (target: string, { name, seen }: NewRegistration, sha256: string): Problem => ({
  code: 'tls-not-trusted',
  target,
  summary: plainText(
    `${name} shows ${target} a certificate (SHA-256 ${sha256}) that is not the one seen there before (${seen.join(', ')}); nobody was asked, and it was not registered`,
    600,
  ),
  remedy: 'Find out who answers at that address. If the array got another certificate meanwhile, audit again and start anew.',
  retry: 'after-remedy',
});

export const signedMeanwhile = (target: string, { name, seen }: NewRegistration, sha256: string): Problem => ({
  code: 'tls-not-trusted',
  target,
  summary: plainText(
    `${name} serves another certificate (SHA-256 ${sha256}) than when this was planned (${seen.join(', ')}); ${target} was not asked to register it`,
    600,
  ),
  remedy:
    'Whoever registered it since would lose it. Audit again: it says who holds it by now, and `vasatrust check-registration` whom registering would hurt.',
  retry: 'after-remedy',
});

export const unreadableCertificate = (target: string, { name }: NewRegistration, why: string): Problem => ({
  code: 'fault',
  target,
  summary: plainText(`SMS at ${target} does not trust the certificate of ${name}, and shows none that can be read: ${why}`, 300),
  remedy: `Register it by hand: ${BY_HAND}.`,
  retry: 'after-remedy',
});

export const declined = (target: string, { name }: NewRegistration): Problem => ({
  code: 'not-attempted',
  target,
  summary: plainText(`nobody said yes to the certificate of ${name}; it was not registered again`),
  remedy: `Compare the fingerprint with what the array shows. If it is the same, register it: ${BY_HAND}.`,
  retry: 'after-remedy',
});

export const cannotAsk = (target: string, { name }: NewRegistration): Problem => ({
  code: 'not-configured',
  target,
  summary: plainText(`nobody is there to give the password of ${name}`),
  remedy: `Register it by hand: ${BY_HAND}.`,
  retry: 'after-remedy',
});

export const neverAppeared = (target: string, { name }: NewRegistration): Problem => ({
  code: 'timeout',
  target,
  summary: plainText(`SMS at ${target} took the registration of ${name} and does not list it`),
  remedy: 'A task that is complete proves nothing: see sps.log around this time, and audit again before trying once more.',
  retry: 'later',
});

export const notOnline = (target: string, { name }: NewRegistration, { status, statusFault }: SmsProviderRecord): Problem => ({
  code: 'timeout',
  target,
  summary: plainText(
    `${name} is registered at ${target} again and shows ${status ?? 'no status'}${statusFault === undefined ? '' : ` (${statusFault.type})`}, not online`,
    300,
  ),
  remedy: 'Do not register it once more. Audit: it tells what is wrong with it.',
  retry: 'later',
});
