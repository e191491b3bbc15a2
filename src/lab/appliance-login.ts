import { timingSafeEqual } from 'node:crypto';
import ssh2, { type AuthContext, type KeyboardAuthContext, type ParsedKey, type PublicKeyAuthContext } from 'ssh2';
import type { LabVcenter, LabWorld } from './world.js';

/** `deny=3`, `root_unlock_time=300`: hardened 7.0, and 8.0U2 and later by default. */
const DENY = 3;
const UNLOCK_MS = 300_000;
const MAX_TRIES = 6;

/** Decides the logins of one connection; `disconnect` ends it after too many. */
export function loginHandler(world: LabWorld, vcenter: LabVcenter, disconnect: () => void): (context: AuthContext) => void {
  let tries = 0;
  const { appliance } = vcenter;
  const refuse = (context: AuthContext, why: string) => {
    if (context.method !== 'none') {
      note(world, vcenter, context, why);
      tries += 1;
    }
    if (tries >= MAX_TRIES) disconnect();
    else context.reject(offered(vcenter));
  };
  const accept = (context: AuthContext) => {
    note(world, vcenter, context, 'accepted');
    context.accept();
  };
  const judge = (context: AuthContext, password: string) => {
    if (isLocked(world, vcenter)) return refuse(context, 'refused: locked');
    if (context.username === 'root' && sameText(password, appliance.rootPassword)) {
      appliance.failedLogins = 0;
      return accept(context);
    }
    appliance.failedLogins += 1;
    if (appliance.failedLogins >= DENY) appliance.lockedAtMs = world.now().getTime();
    refuse(context, 'refused: wrong password');
  };
  return (context) => {
    if (!appliance.methods.includes(context.method)) return refuse(context, 'refused: method not offered');
    switch (context.method) {
      case 'publickey':
        if (context.username !== 'root' || !isAuthorized(vcenter, context)) return refuse(context, 'refused: key not authorized');
        // Without a signature the client only asks whether the key would do.
        return context.signature ? accept(context) : context.accept();
      case 'password':
        return judge(context, context.password);
      case 'keyboard-interactive':
        return askPassword(context, (password) => judge(context, password));
      default:
        return refuse(context, 'refused: method not offered');
    }
  };
}

function askPassword(context: KeyboardAuthContext, answer: (password: string) => void): void {
  context.prompt([{ prompt: 'Password: ', echo: false }], (answers: readonly string[]) => answer(answers[0] ?? ''));
}

function isAuthorized(vcenter: LabVcenter, context: PublicKeyAuthContext): boolean {
  const key = vcenter.appliance.authorizedKeys
    .map((line) => ssh2.utils.parseKey(line))
    .find((one): one is ParsedKey => !(one instanceof Error) && one.getPublicSSH().equals(context.key.data));
  if (!key) return false;
  if (!context.signature || !context.blob) return true;
  return key.verify(context.blob, context.signature, context.hashAlgo) === true;
}

/** After five minutes the lock is gone, and the count with it. */
function isLocked(world: LabWorld, vcenter: LabVcenter): boolean {
  const { appliance } = vcenter;
  if (appliance.lockedAtMs === undefined) return false;
  if (world.now().getTime() < appliance.lockedAtMs + UNLOCK_MS) return true;
  delete appliance.lockedAtMs;
  appliance.failedLogins = 0;
  return false;
}

function offered(vcenter: LabVcenter): ('publickey' | 'password' | 'keyboard-interactive')[] {
  return (['publickey', 'password', 'keyboard-interactive'] as const).filter((method) =>
    vcenter.appliance.methods.includes(method),
  );
}

function sameText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

function note(world: LabWorld, vcenter: LabVcenter, context: AuthContext, outcome: string): void {
  const at = world.now().toISOString();
  world.record.push({ at, where: vcenter.id, kind: 'ssh-login', what: `${context.method} for ${context.username}`, outcome });
}
