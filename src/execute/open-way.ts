import type { CollectContext } from '../collect/collect-context.js';
import { connectShell, sshNotConfigured } from '../collect/from-appliance.js';
import { loginFor, openVcenter } from '../collect/from-vcenter.js';
import { within } from '../collect/observe.js';
import type { SshConfig, VcenterConfig } from '../config/config.js';
import { err, ok, type Result } from '../model/problem.js';
import type { HttpsClient } from '../wire/https.js';
import { openSms } from '../wire/sms-client.js';
import { openSmsTasks, type SmsTasks } from '../wire/sms-tasks.js';
import { connectVim, type VimSession } from '../wire/vim-client.js';
import type { Link, SmsAccess, Way } from './ports.js';

/**
 * The product's own clients as the way of a run: root's shell at once, SMS when it is first asked, because taking back needs the shell
 * alone and must not fail on a vCenter that does not answer. Passwords have one verdict per run, the context's, over all ways and links.
 * From the first connection on only the host key it showed will do, also where known_hosts has more for that name: the partner of a
 * fail-over is another appliance.
 * @param hostKey `SHA256:…` that an earlier session of the run saw; estate.yaml's own pin goes before it, for a person compared that one
 */
export function openWay(vcenter: VcenterConfig, context: CollectContext, hostKey?: string): Way {
  const { id, ssh } = vcenter;
  let seen = ssh?.hostKey.kind === 'pin' ? undefined : hostKey;
  return {
    label: id,
    async open() {
      if (ssh === undefined) return err(sshNotConfigured(id));
      const shell = await connectShell(id, pinnedTo(ssh, seen), context, context.timing.renewMs / 4);
      if (!shell.ok) return shell;
      seen = shell.value.hostKeySha256;
      const sms = new SmsSession(vcenter, context);
      const link: Link = {
        shell: shell.value,
        sms,
        close: async () => {
          await Promise.all([shell.value.close(), sms.close()]);
        },
      };
      return ok(link);
    },
  };
}

const pinnedTo = (ssh: SshConfig, sha256: string | undefined): SshConfig =>
  sha256 === undefined ? ssh : { ...ssh, hostKey: { kind: 'pin', sha256 } };

interface OpenSession {
  readonly https: HttpsClient;
  readonly vim: VimSession;
  readonly tasks: SmsTasks;
}

/** SMS, logged in to when it is first needed, and anew after a failure: the service is restarted in the middle of a run. */
class SmsSession implements SmsAccess {
  readonly #vcenter: VcenterConfig;
  readonly #context: CollectContext;
  #open: Promise<Result<OpenSession>> | undefined;

  constructor(vcenter: VcenterConfig, context: CollectContext) {
    this.#vcenter = vcenter;
    this.#context = context;
  }

  registrations: SmsAccess['registrations'] = () => this.#reading(({ https, vim }) => openSms(https, vim).queryRegistrations());
  task: SmsAccess['task'] = (task) => this.#reading(({ tasks }) => tasks.taskInfo(task));
  unregister: SmsAccess['unregister'] = (uid) => this.#changing(({ tasks }) => tasks.unregister(uid));
  reconnect: SmsAccess['reconnect'] = (provider) => this.#changing(({ tasks }) => tasks.reconnect(provider));
  register: SmsAccess['register'] = (spec) => this.#changing(({ tasks }) => tasks.register(spec));

  /** A session that expires in between is renewed by the clients; one that stays useless makes room for a new one. */
  async #reading<T>(read: (session: OpenSession) => Promise<Result<T>>): Promise<Result<T>> {
    const first = await this.#with(read);
    if (first.ok || first.error.code !== 'session-expired') return first;
    await this.close();
    return this.#with(read);
  }

  /** Sent once. A question right before it finds out, and mends, that the session had expired. */
  async #changing<T>(change: (session: OpenSession) => Promise<Result<T>>): Promise<Result<T>> {
    const asked = await this.#reading(({ https, vim }) => openSms(https, vim).about());
    return asked.ok ? this.#with(change) : asked;
  }

  async #with<T>(use: (session: OpenSession) => Promise<Result<T>>): Promise<Result<T>> {
    this.#open ??= this.#logIn();
    const opening = this.#open;
    const session = await opening;
    if (session.ok) return use(session.value);
    if (this.#open === opening) this.#open = undefined;
    return session;
  }

  async #logIn(): Promise<Result<OpenSession>> {
    const https = await openVcenter(this.#vcenter, this.#context);
    if (!https.ok) return https;
    const login = await loginFor(this.#vcenter, this.#context);
    const { session } = await connectVim(https.value, login, this.#vcenter.id);
    if (session.ok) return ok({ https: https.value, vim: session.value, tasks: openSmsTasks(https.value, session.value) });
    await https.value.close();
    return session;
  }

  async close(): Promise<void> {
    const opening = this.#open;
    this.#open = undefined;
    const session = await opening;
    if (session === undefined || !session.ok) return;
    // A vCenter that does not answer any more ends the session by itself.
    const { id } = this.#vcenter;
    const leaving = session.value.vim.logout().then(() => ok(undefined));
    await within(this.#context.timing.connectMs, id, 'vim', leaving);
    await session.value.https.close();
  }
}
