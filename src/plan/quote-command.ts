/**
 * One word of a POSIX shell command line, to be pasted. Names come from outside: what cannot be seen is replaced by `?`, so that a pasted line is
 * the line that was read, and never two.
 */
export function shellWord(text: string): string {
  const seen = typable(text);
  return /^[\w@%+=:,./-]+$/.test(seen) ? seen : `'${seen.replaceAll("'", `'\\''`)}'`;
}

/** The same for PowerShell, where `‘’‚‛` close a quoted word as `'` does. */
export function powerShellWord(text: string): string {
  return `'${typable(text).replace(/['\u2018-\u201b]/g, '$&$&')}'`;
}

function typable(text: string): string {
  return text.slice(0, 500).replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu, '?');
}
