import type { RunLetter } from '../../src/model/run.js';
import { AFTERWARDS, playInterruptions, type Row } from './interruptions.js';

const LETTERS: Readonly<Record<RunLetter, string>> = {
  A: 'nothing is changed',
  B: '`sms-config.xml` is edited',
  C: 'the routes are set',
  D: 'SPS is stopped',
  E: 'SPS runs again, the provider is blocked',
  F: 'the registrations are removed',
  G: 'the provider is reachable again',
  H: 'the file is back, SPS still runs with what it read',
  I: 'SPS was restarted, everything is verified',
};

const HEADINGS = {
  resume: '`runs resume`',
  revert: '`runs revert`',
  nobody: 'nobody comes back',
  reboot: 'the appliance reboots',
} as const;

/** docs/interruptions.md. Both shells gave the same, or the test that makes it fails. */
export function renderInterruptions(rows: readonly Row[]): string {
  return `<!-- Written by \`npm run generate:interruptions\` from stories played against the lab; held current by test/execute/interruptions-*.test.ts. -->

# When a cleanup is interrupted

A cleanup can be killed, cut off or rebooted away at any moment. This page says what is promised then, and what came of it when every
line of the journal was tried: bash and appliancesh, each line with everything that may follow.

## Where a run can stand

| | |
|---|---|
${Object.entries(LETTERS)
  .map(([letter, words]) => `| **${letter}** | ${words} |`)
  .join('\n')}

\`runs list\` and \`runs show\` name the letter a journal stands at.

**As before** means: no route of ours; \`sms-config.xml\` byte for byte as it was, with owner, mode and time; SPS STARTED and HEALTHY, and
running with the value it ran with before; every other registration untouched; no timer, unit, cron line or watcher left; no file of ours,
except, where the appliance took itself back, the record of that in \`/root/.vasatrust\`, until somebody collects it. Arming is the first
thing that a run does there, by one command that goes on without its connection: killed before that, a run has left nothing at all. Only an
appliance that loses its power within that command, about a second, and a tool that never comes back, can leave a lock that nobody takes away.

## What is promised

| interrupted in | \`runs resume\` | \`runs revert\` | nobody comes back | the appliance reboots |
|---|---|---|---|---|
| A | goes on to I | as before | as before | as before |
| B | goes on to I | as before | the file goes back; no restart, since SPS never read it | the file goes back before SPS starts |
| C | goes on to I | as before | routes and file go back; no restart | the boot drops the routes; the file goes back before SPS starts |
| D | goes on to I | as before | routes and file go back, SPS is started | as C; SPS starts with the boot |
| E | goes on to I | as before, registrations still there | routes and file go back at once; one restart, once SPS is neither starting nor stopping | as C |
| step 7 | asks SMS first: gone is F, still there is E | as before, or as F | as E, whatever became of the registration; none is removed or made | as E or F |
| F | goes on to I | all but the registrations as before, exit code 7 | routes and file go back; "restart pending" is recorded, SPS is left running | as C; the registrations stay gone |
| G, H | goes on to I | as F | as F; SPS is started where it was stopped | as F |
| I | nothing to do | nothing to do | whatever is armed disarms itself | as before |

"Nobody comes back" is noticed 120 s after the last sign of life and looked for every 30 s, by the uptime of the appliance and not by its clock.
Whoever comes back later collects the record: \`runs resume\` goes on from there, \`runs revert\` finishes what is left.

- SPS hangs while it starts: routes and file go back all the same, SPS is left alone, exit code 5.
- SPS does not start: the appliance tries once, whoever comes back once more; then exit code 5 with the lines of its log.
- No systemd on the appliance: cron's \`@reboot\` may come when SPS has begun to start. The file goes back all the same, and SPS is restarted
  once if it had read the changed one.
- Somebody else changed \`sms-config.xml\` meanwhile: that file is left alone, everything else goes back, the appliance stays on watch, exit code 5.
- Somebody else removed a registration meanwhile: it counts as removed.
- The operator presses Ctrl-C: the step in hand is finished or undone, then as \`runs revert\`. Pressed again: the tool leaves, the appliance takes itself back.
- The disk of the appliance is full: refused before B; later, the original goes back by a rename, which needs no space.
- A second run is refused, with who holds the lock and since when. Another host key: nothing more is sent; the appliance takes itself back.

## What came of it

Killed right after the line was written, or, where it says *before*, after what the line tells of was done and before it was written.

| line of the journal | | at | ${AFTERWARDS.map((one) => HEADINGS[one]).join(' | ')} |
|---|---|---|${AFTERWARDS.map(() => '---').join('|')}|
${rows.map(({ record, line, side, at, cells }) => `| ${record} ${line} | ${side === 'before' ? '*before*' : ''} | ${at} | ${AFTERWARDS.map((one) => cells[one]).join(' | ')} |`).join('\n')}
`;
}

/** Played through memory: the same as over SSH, in less time. */
export async function renderPage(): Promise<{ readonly page: string; readonly broken: readonly string[] }> {
  const { rows, broken } = await playInterruptions({});
  return { page: renderInterruptions(rows), broken };
}
