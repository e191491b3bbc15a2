import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { openAsking } from '../../src/cli/asking.js';
import { nextTime, timeWords } from '../../src/cli/deadline.js';

describe('somebody at a terminal', () => {
  const stage = () => {
    const stdin = Object.assign(new PassThrough(), { isTTY: true });
    let shown = '';
    const stderr = {
      write(text: string) {
        shown += text;
        return true;
      },
    };
    const stopping = new AbortController();
    const asking = openAsking(stdin as never, stderr as never, stopping.signal);
    if (asking === undefined) throw new Error('nobody');
    return { stdin, asking, stopping, shown: () => shown };
  };

  test('is shown the question and answers with a line', async () => {
    const { stdin, asking, shown } = stage();
    const answer = asking.ask('name: ');
    stdin.write('vc65\n');
    expect(await answer).toBe('vc65');
    expect(shown()).toBe('name: ');
  });

  test('answers nothing by Ctrl-C, nor by the end of input', async () => {
    const one = stage();
    const answer = one.asking.ask('name: ');
    one.stopping.abort();
    expect(await answer).toBeUndefined();
    expect(await one.asking.ask('name: ')).toBeUndefined();
    const other = stage();
    const ended = other.asking.ask('name: ');
    other.stdin.end();
    expect(await ended).toBeUndefined();
  });

  test('is nobody where stdin is a pipe or a file', () => {
    expect(openAsking(new PassThrough() as never, process.stderr, new AbortController().signal)).toBeUndefined();
  });
});

describe('a deadline', () => {
  const at = new Date(2026, 10, 22, 23, 30);
  for (const [text, expected] of [
    ['23:45', new Date(2026, 10, 22, 23, 45)],
    ['2:30', new Date(2026, 10, 23, 2, 30)],
    ['02:30', new Date(2026, 10, 23, 2, 30)],
    ['23:30', new Date(2026, 10, 23, 23, 30)],
    ['00:00', new Date(2026, 10, 23)],
  ] as const)
    test(`${text} is the next time the clock shows it`, () => {
      expect(nextTime(text, at)).toEqual({ ok: true, value: expected });
    });
  for (const text of ['24:00', '12:60', '12', '12:5', 'noon', '', '-1:00', '12:30:00'])
    test(`"${text}" is none`, () => {
      expect(nextTime(text, at).ok).toBe(false);
    });
  test('is told in the time here and in UTC', () => {
    expect(timeWords(at)).toBe(`2026-11-22 23:30 here (${at.toISOString().slice(0, 16).replace('T', ' ')} UTC)`);
  });
});
