/**
 * Takes names out of text: each known name becomes `name-N`, in the order it was first given, also as a part of a longer one (`vc65` in the
 * name of a run); addresses become `address-N`. Equal names stay equal, so that the text still makes sense.
 */
export function scrubber(names: readonly string[]): (text: string) => string {
  const known = [...new Set(names)].filter((name) => name.length > 1);
  const numbers = new Map(known.map((name, index) => [name.toLowerCase(), `name-${index + 1}`]));
  const addresses = new Map<string, string>();
  // Longest first: an address that holds an id must not be cut in two.
  const pattern = [...known].sort((a, b) => b.length - a.length).map((name) => name.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  const anyName = pattern.length === 0 ? undefined : new RegExp(`(?<![a-z0-9])(?:${pattern.join('|')})(?![a-z0-9])`, 'gi');
  const numbered = (address: string): string => {
    const word = addresses.get(address) ?? `address-${addresses.size + 1}`;
    addresses.set(address, word);
    return word;
  };
  return (text) => {
    const nameless = anyName === undefined ? text : text.replace(anyName, (name) => numbers.get(name.toLowerCase()) ?? 'name');
    return nameless
      .replace(/(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.]*\d)/g, numbered)
      .replace(/(?<![\w:])(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}(?![\w:])/gi, numbered);
  };
}
