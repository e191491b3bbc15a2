import { spawnSync } from 'node:child_process';
import { beforeAll, describe, expect, test } from 'vitest';
import { buildScenario } from '../../src/lab/start-lab.js';
import type { LabWorld } from '../../src/lab/world.js';
import { runOnAppliance } from '../support/lab-shell.js';
import { missingSystemParts } from '../support/system.js';

/** Scripts that touch nothing: the same text for a real bash and for the lab's, with the same input. */
const SCRIPTS: readonly { readonly name: string; readonly script: string; readonly stdin?: string }[] = [
  { name: 'quotes', script: `printf '<%s>\\n' a 'b c' "d'e" f\\ g "" '' "\\$x" '$x' "a\\\\b" $'t\\tn\\x41'` },
  {
    name: 'splitting',
    script: `x='a  b
c'; printf '<%s>' $x "$x" x$x; y=; printf '[%s]' $y "$y" a$y`,
  },
  {
    name: 'arguments',
    script: `set -- 'a b' c ''; printf '<%s>' "$@" "$*" $# $1; shift; printf '(%s)' "$@"; f() { printf '{%s}' "$@"; }; f; f "$@"`,
  },
  { name: 'defaults', script: `a=1; e=; printf '%s|' \${a:-x} \${e:-x} \${e-x} \${u-x} \${a:+y} "\${u:+y}" \${#a} \${u:=z} $u` },
  { name: 'trimming', script: `f=/a/b.c/d.tar.gz; printf '%s|' \${f##*/} \${f#*/} \${f%.*} \${f%%.*} "\${f%/*}"` },
  {
    name: 'arithmetic',
    script: `a=7; printf '%s ' $((a * 6)) $(( (a+1)/3 )) $((a % 4)) $((a > 3 && a < 9)) $((-a)) $((30000 * 29999))`,
  },
  {
    name: 'lists',
    script: `true && echo a || echo b; false && echo c || echo d; ! false; echo $?; false; echo $?; (exit 7); echo $?`,
  },
  {
    name: 'if',
    script: `for i in 1 2 3; do if [ $i -eq 2 ]; then echo two; elif test "$i" = 3; then echo three; else echo other; fi; done`,
  },
  {
    name: 'loops',
    script: `i=0; while [ $i -lt 10 ]; do i=$((i+1)); [ $i = 3 ] && continue; [ $i = 6 ] && break; echo $i; done; until false; do break; done; echo end`,
  },
  {
    name: 'what a loop that was left early leaves behind',
    script: `for i in 1; do false || continue; done; echo $?; for i in 1; do false; break; done; echo $?; i=0; while [ $i -lt 2 ]; do i=$((i+1)); false || continue; done; echo $?; while true; do false || break; done; echo $?; for i in 1; do for j in 1; do false || continue 2; done; done; echo $?; i=0; while [ $i -lt 2 ]; do echo "$?"; i=$((i+1)); [ $i = 1 ] && false || continue; done; i=0; while [ $i -lt 2 ]; do i=$((i+1)); false; done; echo $?`,
  },
  {
    name: 'case',
    script: `for x in apple a.b 'x y' ''; do case $x in a*e) echo 1;; *.*) echo 2;; 'x y'|z) echo 3;; *) echo "[$x]";; esac; done`,
  },
  {
    name: 'substitution',
    script: `x=$(printf 'a\\n\\nb\\n\\n'); printf '<%s>' "$x" $x "$(echo "$(echo 'in ner')")" \`echo back\``,
  },
  {
    name: 'pipes',
    script: `printf 'c\\na\\nb\\na\\n' | sort -u | { read -r first; echo "first $first"; cat; } | tr a-z A-Z; echo $?; false | true; echo $?; true | false; echo $?`,
  },
  {
    name: 'descriptors',
    script: `{ { echo out; echo err >&2; } 2>&1 >&3 | sed 's/^/E:/'; } 3>&1; { echo a >&4; } 4>&2 2>/dev/null`,
  },
  {
    name: 'here-documents',
    script: "x='a b'; cat <<E; cat <<'E'; cat <<-E\n$x \\$x $(echo sub)\nE\n$x $(no)\nE\n\ttabbed\n\tE\ncat <<<\"$x\"",
  },
  { name: 'functions', script: `x=1; f() { local x=2 y="a b"; echo $x "$y"; return 3; echo no; }; f; echo $? $x "[$y]"` },
  {
    name: 'read',
    script: `while IFS= read -r l; do printf '<%s>' "$l"; done; [ -z "$l" ] || printf '(%s)' "$l"; printf '1 2  3 4\\n' | { read a b c; echo "$a|$b|$c"; }`,
    stdin: '  a\\b \n\nlast',
  },
  { name: 'shared input', script: 'read -r a; head -c 3; read -r b; echo "[$a][$b]"; cat', stdin: 'one\ntwo three\nfour\nfive' },
  { name: 'not found', script: 'nosuchthing a b; echo $?; /no/such/thing; echo $?' },
  { name: 'redirections that fail', script: 'cat </no/such/file; echo $?; echo x >/no/such/folder/file; echo $?' },
  { name: 'exit', script: 'f() { exit 5; }; (f; echo no); echo $?; f; echo no' },
  { name: 'temporary variables', script: 'X=1 env | grep "^X="; X=2; X=3 true; echo $X; export X; env | grep "^X="' },
  {
    name: 'printf',
    script: `printf '%5s|%-5s|%05d|%x|%o|%c|%%|%b|%.2s\\n' ab cd 42 255 8 xyz 'a\\tb' long; printf '%s-%s\\n' 1 2 3; printf '%d\\n' abc; echo $?`,
  },
  { name: 'echo', script: `echo -n a; echo -e 'b\\tc'; echo -E 'd\\te'; echo "-n"; echo -- x` },
  {
    name: 'text tools',
    script: `printf '%s\\n' one two three four five >&1 | tail -n 3 | head -n 2 | wc -l; printf 'a:b:c\\n' | cut -d: -f2,3; printf 'x1y22' | tr -d 0-9; printf '%s\\n' b a | sort | tail -n +2`,
  },
  {
    name: 'grep',
    script: `printf '%s\\n' alpha beta gamma 'a.b' | { grep -n 'a$'; echo $?; }; printf 'a.b\\naxb\\n' | grep -F a.b; printf 'x\\n' | grep -c y; printf 'aab\\n' | grep -E '^(a+)b$' -o; printf 'A\\n' | grep -iq a; echo $?`,
  },
  {
    name: 'sed',
    script: `printf '%s\\n' a '<q>' '  <r>99</r>' '</q>' '<r>99</r>' | sed '/<q>/,/<\\/q>/s#\\(<r>\\)[0-9]*\\(</r>\\)#\\14\\2#'; printf 'a\\nb\\nc\\n' | sed -n '2p;$p'; printf 'abc' | sed 's/^/T=/'; printf 'a/b\\n' | sed -e 's/\\//-/g' -e 's/a/&&/'; printf '1\\n2\\n3\\n' | sed 2d`,
  },
  {
    name: 'base64',
    script: `printf 'some \\000\\377 bytes, long enough to be wrapped at the end of a line, and then some more' | base64 -w 20; printf 'YWJj' | base64 -d`,
  },
  { name: 'sha256', script: `printf abc | sha256sum | cut -d' ' -f1` },
  {
    name: 'test',
    script: `test -e /; echo $?; [ -f / ]; echo $?; [ -d / ]; echo $?; [ a = a -a b = c ]; echo $?; [ ! -e /nope ]; echo $?; [ -n "" ]; echo $?; [ 3 -gt 20 ]; echo $?; [ x -gt 1 ]; echo $?`,
  },
  { name: 'command -v', script: 'command -v nosuch; echo $?; command -v printf; f() { :; }; command -v f; command echo hi' },
  { name: 'eval and comments', script: `eval 'x=5; echo $x' # a comment\necho 'not # one' a#b` },
  { name: 'line continuation', script: 'echo a \\\n  b; echo "c\\\nd"' },
  {
    name: 'a subshell keeps its changes',
    script: 'x=1; (x=2; cd /; echo $x); echo $x; { x=3; }; echo $x; y=$(x=9; echo $x); echo $y $x',
  },
  {
    name: 'bash -c with arguments',
    script: `bash -c 'printf "<%s>" "$0" "$@"' zero 'a b' c; echo 'echo from "$1"' | bash -s; bash -c 'exit 4'; echo $?`,
  },
  { name: 'timeout', script: 'timeout 5 echo quick; timeout 0.05 sleep 5; echo $?' },
  { name: 'basename', script: 'basename /a/b.c .c; dirname /a/b/c; basename /a/b/' },
];

describe.skipIf(missingSystemParts('bash'))('the shell of the lab and a real bash', () => {
  let world: LabWorld;
  beforeAll(async () => {
    world = await buildScenario('estate-of-2');
  });

  for (const { name, script, stdin = '' } of SCRIPTS) {
    test(`agree on ${name}`, async () => {
      const real = spawnSync('bash', ['--noprofile', '--norc', '-c', script], {
        input: stdin,
        encoding: 'latin1',
        env: { PATH: '/usr/bin:/bin:/usr/sbin', LC_ALL: 'C.UTF-8' },
      });
      const [vcenter] = world.vcenters;
      if (!vcenter) throw new Error('no vCenter');
      const { code, stdout: ours, stderr: said } = await runOnAppliance(world, vcenter, script, stdin);
      expect({ code, stdout: ours, stderr: withoutLine(said) }).toEqual({
        code: real.status,
        stdout: real.stdout,
        stderr: withoutLine(real.stderr),
      });
    });
  }
});

/** Which line of its script bash blames is not modelled. */
const withoutLine = (text: string): string => text.replace(/^(bash: )line \d+: /gm, '$1').replace(/^(.*: )line \d+: /gm, '$1');
