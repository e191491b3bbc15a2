import type { RejectRoute, SmsConfigFacts, SpsLogTail, VecsEntry } from '../model/evidence.js';
import type { DerBase64 } from '../model/ids.js';
import { err, ok, type Problem, type ProblemCode, type Result } from '../model/problem.js';
import { canonicalAddress } from '../x509/names.js';
import {
  hostPort,
  isHost,
  isHostName,
  RUN_FOLDER,
  readArgv,
  S_CLIENT_SECONDS,
  SMS_CONFIG,
  SPS_LOG_BYTES,
  SPS_LOGS,
  type VecsStore,
  VMCA_ROOT,
} from './appliance-reads.js';
import { joinArmed, parseRunFolders, parseTimers, parseUnitFiles } from './armed-units.js';
import { certificatesFromPem } from './certificate-text.js';
import { plainText } from './redact.js';
import { parseIpRoutes, parseRouteTable } from './routes.js';
import { parseSmsConfig } from './sms-config-facts.js';
import { extractTelling } from './sps-log-tail.js';
import { parseServedChain, saysUnknownOption } from './tls-from-appliance.js';
import type { CommandOutput, VcenterShell } from './vcenter-shell.js';
import { parseVecsEntries, saysNoSuchStore } from './vecs.js';

export { isAllowedRead } from './appliance-reads.js';

/** What one look at the appliance gave. `absent`: we looked, it is not there. */
export type Reading<T> = { readonly state: 'seen'; readonly value: T } | { readonly state: 'absent'; readonly why: string };

/** All that reading facts needs of a shell; `label` names the vCenter in problems. */
export interface ApplianceReader {
  readonly label: string;
  readonly run: VcenterShell['run'];
}

const seen = <T>(value: T): Result<Reading<T>> => ok({ state: 'seen', value });
const absent = (why: string): Result<{ state: 'absent'; why: string }> => ok({ state: 'absent', why });

/** One VECS store with the certificates of its entries; private keys are not asked for. */
export async function readVecsStore(at: ApplianceReader, store: VecsStore): Promise<Result<Reading<VecsEntry[]>>> {
  const output = await run(at, readArgv('vecsEntries', store));
  if (!output.ok) return output;
  const { code, stdout, stderr } = output.value;
  if (code !== 0) {
    if (saysNoSuchStore(`${stdout}\n${stderr}`)) return absent(`there is no VECS store ${store}`);
    return failed(at, `vecs-cli entry list --store ${store}`, output.value);
  }
  const entries = parseVecsEntries(stdout, store);
  if (!entries.ok) return err(badAnswer(at, `vecs-cli listed the store ${store} in a form we cannot read: ${entries.error}`));
  return seen(entries.value);
}

/** The VMCA's current certificate first, then what else the file holds. */
export async function readVmcaRoot(at: ApplianceReader): Promise<Result<Reading<DerBase64[]>>> {
  const output = await run(at, readArgv('vmcaRoot'));
  if (!output.ok) return output;
  if (saysNoSuchFile(output.value)) return absent(`there is no ${VMCA_ROOT}`);
  if (output.value.code !== 0) return failed(at, `reading ${VMCA_ROOT}`, output.value);
  const certificates = certificatesFromPem(output.value.stdout);
  if (certificates.length === 0) return err(badAnswer(at, `${VMCA_ROOT} holds no PEM certificate`));
  return seen(certificates);
}

export async function readSmsConfig(at: ApplianceReader): Promise<Result<Reading<SmsConfigFacts>>> {
  const output = await run(at, readArgv('smsConfig'), { maxBytes: 4 * 1024 * 1024 });
  if (!output.ok) return output;
  if (saysNoSuchFile(output.value)) return absent(`there is no ${SMS_CONFIG}`);
  if (output.value.code !== 0) return failed(at, `reading ${SMS_CONFIG}`, output.value);
  // Size and digest are those of the file only as long as its bytes survive the way through text.
  if (output.value.stdout.includes('\ufffd')) return err(badAnswer(at, `${SMS_CONFIG} is not UTF-8`));
  const facts = parseSmsConfig(Buffer.from(output.value.stdout, 'utf8'), SMS_CONFIG);
  if (!facts.ok) return err(badAnswer(at, `${SMS_CONFIG} is not well-formed: ${plainText(facts.error, 160)}`));
  return seen(facts.value);
}

/** Host routes that refuse; with net-tools instead of iproute2 only those of IPv4 can be seen. */
export async function readRejectRoutes(at: ApplianceReader): Promise<Result<Reading<RejectRoute[]>>> {
  const [four, six] = await Promise.all([run(at, readArgv('routes')), run(at, readArgv('routes6'))]);
  if (!four.ok) return isMissing(four.error) ? readRouteTable(at) : four;
  if (!six.ok) return six;
  if (four.value.code !== 0) return failed(at, 'ip route show', four.value);
  if (six.value.code !== 0) return failed(at, 'ip -6 route show', six.value);
  return seen([...parseIpRoutes(four.value.stdout), ...parseIpRoutes(six.value.stdout)]);
}

async function readRouteTable(at: ApplianceReader): Promise<Result<Reading<RejectRoute[]>>> {
  const output = await run(at, readArgv('routeTable'));
  if (!output.ok) return output;
  if (output.value.code !== 0) return failed(at, 'route -n', output.value);
  return seen(parseRouteTable(output.value.stdout));
}

/** Timers, units and record folders that a run of ours left behind; an empty list when there are none. */
export async function readArmed(at: ApplianceReader): Promise<Result<Reading<string[]>>> {
  const [timers, files, folders] = await Promise.all([
    run(at, readArgv('timers')),
    run(at, readArgv('unitFiles')),
    run(at, readArgv('runFolders')),
  ]);
  if (!timers.ok) return timers;
  if (!files.ok) return files;
  if (!folders.ok) return folders;
  if (timers.value.code !== 0) return failed(at, 'systemctl list-timers', timers.value);
  if (files.value.code !== 0) return failed(at, 'systemctl list-unit-files', files.value);
  const none = saysNoSuchFile(folders.value);
  if (folders.value.code !== 0 && !none) return failed(at, `ls ${RUN_FOLDER}`, folders.value);
  const units = [...parseTimers(timers.value.stdout), ...parseUnitFiles(files.value.stdout)];
  return seen(joinArmed(units, none ? [] : parseRunFolders(folders.value.stdout, RUN_FOLDER)));
}

/** ms the appliance is ahead of `now`, taken at the middle of the round trip. */
export async function readClock(at: ApplianceReader, now: () => number): Promise<Result<Reading<number>>> {
  const before = now();
  const output = await run(at, readArgv('clock'));
  const after = now();
  if (!output.ok) return output;
  if (output.value.code !== 0) return failed(at, 'date', output.value);
  const there = parseEpochMs(output.value.stdout);
  if (there === undefined) return err(badAnswer(at, `date printed "${plainText(output.value.stdout.trim(), 60)}"`));
  return seen(Math.round(there - (before + after) / 2));
}

/** `SECONDS.NANOSECONDS`; a `date` that knows no %N leaves it as letters, and seconds are all there is. */
export function parseEpochMs(text: string): number | undefined {
  const [, seconds, nanoseconds = ''] = /^(\d{9,11})(?:\.(\d{9}|%?N))?\s*$/.exec(text) ?? [];
  if (seconds === undefined) return undefined;
  return Number(seconds) * 1000 + (/^\d/.test(nanoseconds) ? Number(nanoseconds.slice(0, 3)) : 0);
}

/** Every address the appliance resolves a name to, canonical, each once, in its order. */
export async function readAddresses(at: ApplianceReader, name: string): Promise<Result<Reading<string[]>>> {
  if (!isHost(name)) return err(unusableName(at, name));
  const output = await run(at, readArgv('addresses', name));
  if (!output.ok) return output;
  const addresses = parseAhosts(output.value.stdout);
  if (output.value.code === 0 && addresses.length > 0) return seen(addresses);
  // getent(1): 2 means that the key was not found.
  if (output.value.code === 2 || output.value.code === 0) return absent(`${plainText(name, 253)} does not resolve there`);
  return failed(at, 'getent ahosts', output.value);
}

export function parseAhosts(text: string): string[] {
  const first = text.split(/\r?\n/).map((line) => canonicalAddress(line.trim().split(/\s+/)[0] ?? ''));
  return [...new Set(first.filter((address) => address !== undefined))];
}

/**
 * The certificates a server sends to the appliance, leaf first. Without `sni` no server name is sent. Problems say how far the
 * appliance got: `unreachable`, `timeout`, `name-not-found`, `tls-failed`, `bad-answer`.
 */
export async function readServedChain(
  at: ApplianceReader,
  to: { readonly host: string; readonly port: number; readonly sni?: string },
): Promise<Result<Reading<DerBase64[]>>> {
  if (!isHost(to.host)) return err(unusableName(at, to.host));
  if (to.sni !== undefined && !isHostName(to.sni)) return err(unusableName(at, to.sni));
  const where = hostPort(to.host, to.port);
  const limits = { timeoutMs: (S_CLIENT_SECONDS + 10) * 1000, maxBytes: 2 * 1024 * 1024 };
  const nameless = readArgv('served', where);
  // With an address nothing is indicated by itself; with a name OpenSSL 1.1.1 and later would.
  const withoutName = canonicalAddress(to.host) === undefined ? readArgv('servedWithoutName', where) : nameless;
  let output = await run(at, to.sni === undefined ? withoutName : readArgv('servedToName', where, to.sni), limits);
  if (output.ok && to.sni === undefined && withoutName !== nameless && saysUnknownOption(output.value)) {
    output = await run(at, nameless, limits);
  }
  if (!output.ok) return output;
  const chain = parseServedChain(output.value);
  if (chain.ok) return seen(chain.value);
  const { code, text } = chain.error;
  const remedy = 'Check the route, the firewall and the provider between the appliance and that port.';
  return err({ code, target: at.label, summary: `from ${at.label}, ${where}: ${text}`, remedy, retry: 'later' });
}

/**
 * TLS trouble and removals in the last 256 KiB of sps.log; where it is shorter, because it was rotated lately, in the end of `sps.log.1` too.
 * That form of rotation is documented for 6.0; others were looked for and not found, and are not read.
 */
export async function readSpsLogTail(at: ApplianceReader): Promise<Result<Reading<SpsLogTail>>> {
  const limits = { maxBytes: SPS_LOG_BYTES * 2 };
  const first = await run(at, readArgv('spsLog'), limits);
  const isElsewhere = first.ok && saysNoSuchFile(first.value);
  const output = isElsewhere ? await run(at, readArgv('spsLogElsewhere'), limits) : first;
  if (!output.ok) return output;
  if (saysNoSuchFile(output.value)) return absent(`there is no ${SPS_LOGS.join(' and no ')}`);
  if (output.value.code !== 0) return failed(at, 'reading sps.log', output.value);
  const live = output.value.stdout;
  if (Buffer.byteLength(live) >= SPS_LOG_BYTES) return seen(extractTelling(live));
  const before = await run(at, readArgv(isElsewhere ? 'spsLogBeforeElsewhere' : 'spsLogBefore'), limits);
  // No older file is no gap: the log may simply be young.
  return seen(extractTelling(before.ok && before.value.code === 0 ? `${before.value.stdout}${live}` : live));
}

/** A program that is not there ends with 127 in every POSIX shell; that is a different answer from one that failed. */
async function run(at: ApplianceReader, argv: readonly string[], options = {}): Promise<Result<CommandOutput>> {
  const output = await at.run(argv, options);
  if (!output.ok || output.value.code !== 127) return output;
  return err(
    problem(at, 'not-supported', `${at.label} has no ${argv[0]}`, 'Check that this SSH target is a vCenter Server appliance.'),
  );
}

function isMissing(found: Problem): boolean {
  return found.code === 'not-supported';
}

function saysNoSuchFile({ code, stderr }: CommandOutput): boolean {
  return code !== 0 && /No such file or directory/i.test(stderr);
}

function failed(at: ApplianceReader, what: string, { code, stderr, stdout }: CommandOutput): Result<never> {
  const said = plainText((stderr.trim() || stdout.trim()).slice(-1000), 200);
  const remedy = 'Run it by hand on the appliance as root and see what it says.';
  return err(problem(at, 'command-failed', `${at.label}: ${what} ended with ${code}: ${said}`, remedy));
}

function badAnswer(at: ApplianceReader, summary: string): Problem {
  return problem(
    at,
    'bad-answer',
    `${at.label}: ${summary}`,
    'Run it by hand on the appliance, and report what it prints if it looks right.',
  );
}

function unusableName(at: ApplianceReader, name: string): Problem {
  const remedy = 'Correct the URL under which the provider is registered.';
  return problem(at, 'config-invalid', `"${plainText(name, 100)}" is neither a host name nor an address`, remedy);
}

function problem(at: ApplianceReader, code: ProblemCode, summary: string, remedy: string): Problem {
  return { code, target: at.label, summary, remedy, retry: 'after-remedy' };
}
