import type { CollectContext } from '../collect/collect-context.js';
import { probeProvider, wishesForUrl } from '../collect/from-provider.js';
import { loginFor, openVcenter } from '../collect/from-vcenter.js';
import type { Config, ProviderConfig, VcenterConfig } from '../config/config.js';
import { loadConfig } from '../config/load-config.js';
import type { Registering } from '../execute/ports.js';
import type { CleanupPlan, NewRegistration, Removal } from '../model/cleanup-plan.js';
import type { Sha256Hex } from '../model/ids.js';
import { err, ok, type Problem, type Result } from '../model/problem.js';
import type { RegistrationWish } from '../plan/re-register.js';
import { hostPortOf } from '../plan/select-providers.js';
import { certificateQuestionLines } from '../report/certificate-question.js';
import { connectVim } from '../wire/vim-client.js';
import { parseBase64 } from '../x509/parse.js';
import { mistakesFailure } from './evidence.js';
import type { Surroundings } from './surroundings.js';
import type { Failure } from './terminal.js';

/** What estate.yaml says about registering, but for the passwords. */
export async function registrationWishes(
  { file }: { readonly file?: string },
  { env, cwd }: Surroundings,
): Promise<Result<readonly RegistrationWish[], Failure>> {
  const config = await loadConfig(file, env, cwd);
  return config.ok ? ok(wishesIn(config.value)) : err(mistakesFailure(config.error));
}

const wishesIn = ({ providers }: Config): RegistrationWish[] =>
  providers.flatMap(({ match, registration }) =>
    registration === undefined ? [] : [{ match, name: registration.name, username: registration.username }],
  );

export interface RegisteringParts {
  readonly plan: CleanupPlan;
  readonly config: Config;
  readonly vcenter: VcenterConfig;
  readonly context: CollectContext;
  readonly yes: boolean;
}

/** Passwords from where estate.yaml says, answers from the terminal, datastores from vim25. */
export function openRegistering(parts: RegisteringParts, { out, asking }: Surroundings): Registering {
  const { plan, config, vcenter, context, yes } = parts;
  return {
    async password(registration) {
      const source = entryFor(registration, plan, config)?.registration?.password;
      return source === undefined ? err(noPassword(registration)) : context.readSecret(source, registration.name);
    },
    served: (registration) => servedBy(registration, entryFor(registration, plan, config), context),
    async confirm(question) {
      for (const line of certificateQuestionLines(question, vcenter.id)) out.say(line);
      if (yes) {
        out.say('--yes says that it is');
        return true;
      }
      const typed = (await asking?.ask('Is it the same? Type yes to have it trusted; anything else leaves: '))?.trim();
      return typed?.toLowerCase() === 'yes';
    },
    inaccessible: (names) => inaccessibleAmong(names, vcenter, context),
  };
}

/** The entry of estate.yaml that the plan was made by: the same match, and the same user. */
function entryFor(registration: NewRegistration, plan: CleanupPlan, { providers }: Config) {
  const step = [...plan.steps, ...plan.ifOneSurvives].find(
    (one) =>
      one.kind === 're-register' && one.registration.url === registration.url && one.registration.name === registration.name,
  );
  const removal = step?.kind === 're-register' ? plan.removals.find(({ uid }) => uid === step.uid) : undefined;
  return providers.find(
    (one) =>
      one.registration?.username === registration.username && removal !== undefined && isMeant(one.match, removal, registration),
  );
}

function isMeant(match: RegistrationWish['match'], removal: Removal, { url }: NewRegistration): boolean {
  if ('uid' in match) return match.uid === removal.uid;
  if ('arrayId' in match) return removal.arrays.some((array) => array === match.arrayId || array.endsWith(`:${match.arrayId}`));
  return [url, removal.url].some((one) => hostPortOf(one) === hostPortOf(match.url));
}

async function servedBy(
  { name, url }: NewRegistration,
  entry: ProviderConfig | undefined,
  context: CollectContext,
): Promise<Result<readonly Sha256Hex[]>> {
  const looks = await Promise.all(wishesForUrl(url, entry).map((wish) => probeProvider(wish, context)));
  const leaves = looks.flatMap(({ handshake }) => {
    const leaf = handshake.state === 'seen' ? handshake.value.chain[0] : undefined;
    const read = leaf === undefined ? undefined : parseBase64(leaf);
    return read?.ok ? [read.value.sha256] : [];
  });
  if (leaves.length > 0) return ok(leaves);
  const unseen = looks.flatMap(({ handshake }) => (handshake.state === 'unknown' ? [handshake.problem] : []));
  return err(unseen[0] ?? unreadable(name));
}

async function inaccessibleAmong(
  names: readonly string[],
  vcenter: VcenterConfig,
  context: CollectContext,
): Promise<Result<readonly string[]>> {
  const https = await openVcenter(vcenter, context);
  if (!https.ok) return https;
  try {
    const { session } = await connectVim(https.value, await loginFor(vcenter, context), vcenter.id);
    if (!session.ok) return session;
    const view = await session.value.storageView({ trustAnchors: false });
    await session.value.logout();
    if (!view.ok) return view;
    const reached = view.value.datastores.filter(
      ({ accessible, mounts }) => accessible && mounts.every((mount) => mount.accessible !== false),
    );
    return ok(names.filter((name) => !reached.some((one) => one.name === name)));
  } finally {
    await https.value.close();
  }
}

const unreadable = (target: string): Problem => ({
  code: 'bad-answer',
  target,
  summary: `no certificate of ${target} could be read`,
  remedy: 'Audit: it shows what the provider answers with.',
  retry: 'later',
});

const noPassword = ({ name }: NewRegistration): Problem => ({
  code: 'not-configured',
  target: name,
  summary: `estate.yaml does not say any more how ${name} is registered`,
  remedy: 'Put `registration` back under this provider and register it by hand, in the vSphere Client.',
  retry: 'after-remedy',
});
