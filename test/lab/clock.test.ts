import { describe, expect, test } from 'vitest';
import { clockFrom, sleepOn } from '../../src/lab/clock.js';
import { VirtualClock } from '../support/virtual-clock.js';

describe('the virtual clock', () => {
  test('wakes sleepers in the order of time, and of falling asleep', async () => {
    const clock = new VirtualClock('2026-01-01T00:00:00Z');
    const woken: string[] = [];
    const one = async (name: string, ms: number) => {
      await clock.sleep(ms);
      woken.push(`${name}@${clock.uptimeMs()}`);
    };
    await clock.run(Promise.all([one('c', 300), one('a', 100), one('b', 300), one('z', 0), one('d', 301)]));
    expect(woken).toEqual(['z@0', 'a@100', 'c@300', 'b@300', 'd@301']);
    expect(clock.now().toISOString()).toBe('2026-01-01T00:00:00.301Z');
  });

  test('stands still while somebody works, however many turns it takes', async () => {
    const clock = new VirtualClock();
    let seen = -1;
    const busy = (async () => {
      for (let turn = 0; turn < 1_000; turn += 1) await Promise.resolve();
      seen = clock.uptimeMs();
      await clock.sleep(5);
    })();
    await clock.run(Promise.all([busy, clock.sleep(50)]));
    expect(seen).toBe(0);
    expect(clock.uptimeMs()).toBe(50);
  });

  test('stands still while something outside of memory is under way', async () => {
    const clock = new VirtualClock();
    const outside = clock.during(new Promise<void>((resolve) => setTimeout(resolve, 30)));
    let seen = -1;
    void outside.then(() => {
      seen = clock.uptimeMs();
    });
    await clock.run(Promise.all([outside, clock.sleep(1_000)]));
    expect(seen).toBe(0);
  });

  test('a sleep that is called off moves no time', async () => {
    const clock = new VirtualClock();
    const off = new AbortController();
    const long = clock.sleep(1_000_000, off.signal);
    await clock.run(clock.sleep(10).then(() => off.abort()));
    await clock.run(long);
    await clock.run(clock.sleep(1));
    expect(clock.uptimeMs()).toBe(11);
  });

  test('says so when nothing will ever move', async () => {
    await expect(new VirtualClock().run(new Promise(() => {}))).rejects.toThrow('nothing moves any more');
  });
});

describe("the lab's own clock", () => {
  test('follows a now that is moved by hand', async () => {
    let now = 0;
    const clock = clockFrom(() => new Date(now));
    let slept = false;
    const sleeping = clock.sleep(60_000).then(() => {
      slept = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(slept).toBe(false);
    now = 60_000;
    await sleeping;
  });

  test('sleepOn ends early even where the clock knows no signals', async () => {
    const off = new AbortController();
    const sleeping = sleepOn({ now: () => new Date(), sleep: () => new Promise(() => {}) }, 1_000_000, off.signal);
    off.abort();
    await sleeping;
  });
});
