const MARK = '[secret]';

/**
 * Takes secrets out of text that came from outside, also where they were XML- or URL-escaped, Base64 encoded or quoted on the way.
 * Secrets shorter than 4 characters are left alone: they would blacken half of every sentence.
 */
export function redact(text: string, secrets: readonly string[]): string {
  let clean = text;
  for (const secret of secrets) {
    if (secret.length < 4) continue;
    for (const form of formsOf(secret)) clean = clean.replaceAll(form, MARK);
  }
  return clean;
}

function formsOf(secret: string): Set<string> {
  const xml = secret.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  const forms = new Set([secret, xml, JSON.stringify(secret).slice(1, -1), Buffer.from(secret).toString('base64')]);
  // A lone surrogate cannot be URL-escaped; it cannot have come back that way either.
  if (Buffer.from(secret).toString() === secret) forms.add(encodeURIComponent(secret));
  return forms;
}

/**
 * Text from a peer, fit for a sentence of ours: on one line, bounded, and with control, C1, bidirectional and other invisible
 * characters spelled out as `\u{…}`, so that nothing a peer writes reaches a terminal as a command.
 */
export function plainText(text: string, maxLength = 300): string {
  const cut = text.length > maxLength ? `${text.slice(0, maxLength)}… (${text.length} characters)` : text;
  return cut
    .trim()
    .replace(/[\r\n\t]+/g, ' ')
    .replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\u2028\u2029]/gu, (char) => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`);
}
