import { describe, expect, test } from 'vitest';
import { openProgress } from '../../src/cli/progress.js';
import type { ProgressEvent } from '../../src/collect/progress.js';

const EVENTS: ProgressEvent[] = [
  { target: 'vc65', source: 'vim', state: 'started' },
  { target: 'vc67', source: 'sms', state: 'started' },
  { target: 'vc65', source: 'vim', state: 'seen' },
  { target: 'vc67', source: 'sms', state: 'gap', problem: 'login-refused' },
];

function play(events: readonly ProgressEvent[], { tty = false, wanted = true } = {}): string {
  const written: string[] = [];
  let at = Date.UTC(2026, 10, 22, 12);
  const stream = { isTTY: tty, columns: 60, write: (more: string) => written.push(more) };
  const progress = openProgress(stream, wanted, () => {
    at += 1_000;
    return new Date(at);
  });
  for (const event of events) progress.on(event);
  progress.end();
  return written.join('');
}

describe('without a terminal', () => {
  test('each event is one line with its time', () => {
    expect(play(EVENTS)).toBe(`2026-11-22T12:00:01.000Z vc65  datastores, hosts, VMs: …
2026-11-22T12:00:02.000Z vc67  storage providers (SMS): …
2026-11-22T12:00:03.000Z vc65  datastores, hosts, VMs: seen
2026-11-22T12:00:04.000Z vc67  storage providers (SMS): could not look (login-refused)
`);
  });
  test('two looks of one kind at one target are told as one, and a gap of either is told', () => {
    const look = { target: 'https://a/', source: 'tls' } as const;
    const words = (...states: ('started' | 'seen' | 'gap')[]) =>
      play(states.map((state) => ({ ...look, state })))
        .split('\n')
        .map((line) => line.slice(line.lastIndexOf(': ') + 2));
    expect(words('started', 'started', 'seen', 'seen')).toEqual(['…', 'seen', '']);
    expect(words('started', 'started', 'gap', 'seen')).toEqual(['…', 'could not look (no reason given)', 'seen', '']);
  });
  test('a target from outside stays on its line', () => {
    const text = play([{ target: 'https://a\u001b[2J\nb/', source: 'tls', state: 'started' }]);
    expect(text.split('\n')).toHaveLength(2);
    expect(text).not.toContain('\u001b');
  });
});

describe('on a terminal', () => {
  test('live lines name who is looked at, and are gone at the end', () => {
    const text = play(EVENTS, { tty: true });
    expect(text).toContain('vc67  storage providers (SMS)');
    expect(text).toContain('1 gap');
    expect(text.endsWith('\u001b[0J')).toBe(true);
  });
  test('no line is wider than the terminal', () => {
    const many = Array.from(
      { length: 40 },
      (_, i): ProgressEvent => ({ target: `vcenter-with-a-long-name-${i}`, source: 'sms', state: 'started' }),
    );
    const lines = play(many, { tty: true })
      .split('\n')
      .map((line) => line.replaceAll(/\u001b\[\d+[AJ]/g, ''));
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(60);
  });
});

test('--no-progress says nothing', () => {
  for (const tty of [true, false]) expect(play(EVENTS, { tty, wanted: false })).toBe('');
});
