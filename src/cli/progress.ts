import type { ProgressEvent } from '../collect/progress.js';
import type { Source } from '../model/evidence.js';
import { plainText } from '../wire/redact.js';
import type { TextStream } from './terminal.js';

export interface Progress {
  on(event: ProgressEvent): void;
  /** Takes the live lines away; the result follows. */
  end(): void;
}

const WORDS: Readonly<Record<Source, string>> = {
  tls: 'TLS handshake',
  'version-xml': 'version.xml',
  'root-bundle': 'root certificates',
  sms: 'storage providers (SMS)',
  vim: 'datastores, hosts, VMs',
  rest: 'REST',
  ssh: 'appliance (SSH)',
  file: 'file',
};
/** Live lines at most; an estate of a thousand must not scroll the screen away. */
const MAX_LIVE = 8;
const REDRAW_MS = 100;

/**
 * On a terminal: a few live lines, which vCenter and which source. Elsewhere: one line per event with its time. All of it on stderr.
 * @param now for the times; the clock of the caller
 */
export function openProgress(stream: TextStream, wanted: boolean, now: () => Date): Progress {
  if (!wanted) return { on: () => {}, end: () => {} };
  return stream.isTTY ? liveLines(stream, now) : plainLines(stream, now);
}

function plainLines(stream: TextStream, now: () => Date): Progress {
  const running = new Map<string, number>();
  return {
    on(event) {
      const key = JSON.stringify([event.target, event.source]);
      const others = running.get(key) ?? 0;
      running.set(key, event.state === 'started' ? others + 1 : others - 1);
      // Several looks of one kind at one target, as with and without a server name, are one for whoever waits; a gap is always told.
      const isTold = event.state === 'started' ? others === 0 : event.state === 'gap' || others <= 1;
      if (isTold) stream.write(`${now().toISOString()} ${sentence(event)}\n`);
    },
    end: () => {},
  };
}

function sentence(event: ProgressEvent): string {
  const outcome = {
    started: '…',
    seen: 'seen',
    absent: 'not in this version',
    gap: `could not look (${event.problem ?? 'no reason given'})`,
  }[event.state];
  return `${plainText(event.target, 120)}  ${WORDS[event.source]}: ${outcome}`;
}

const count = (n: number, thing: string) => `${n} ${thing}${n === 1 ? '' : 's'}`;

function liveLines(stream: TextStream, now: () => Date): Progress {
  const open = new Map<string, Set<Source>>();
  let ended = 0;
  let gaps = 0;
  let drawn = 0;
  let lastDraw = 0;
  let over = false;
  const wipe = () => {
    if (drawn > 0) stream.write(`\x1b[${drawn}A\x1b[0J`);
    drawn = 0;
  };
  const draw = () => {
    const width = Math.max(20, (stream.columns || 80) - 1);
    const targets = [...open].filter(([, sources]) => sources.size > 0);
    const lines = targets
      .slice(0, MAX_LIVE)
      .map(([target, sources]) => `  ${plainText(target, 60)}  ${[...sources].map((source) => WORDS[source]).join(', ')}`);
    if (targets.length > MAX_LIVE) lines.push(`  and ${targets.length - MAX_LIVE} more`);
    lines.unshift(`looking … ${ended} seen${gaps > 0 ? `, ${count(gaps, 'gap')}` : ''}`);
    wipe();
    stream.write(lines.map((line) => `${line.slice(0, width)}\n`).join(''));
    drawn = lines.length;
  };
  return {
    on(event) {
      if (over) return;
      const sources = open.get(event.target) ?? new Set<Source>();
      open.set(event.target, sources);
      if (event.state === 'started') sources.add(event.source);
      else {
        sources.delete(event.source);
        if (event.state === 'gap') gaps++;
        else ended++;
        if (sources.size === 0) open.delete(event.target);
      }
      const at = now().getTime();
      if (at - lastDraw < REDRAW_MS) return;
      lastDraw = at;
      draw();
    },
    end: () => {
      over = true;
      wipe();
    },
  };
}
