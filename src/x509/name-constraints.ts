import { contextTag, contextTagConstructed, DerCursor, DerError } from './der.js';
import type { CertificateDetails } from './details.js';
import { attributeValues, canonicalParts, isEmptyName } from './distinguished-name.js';

/** As many comparisons as OpenSSL allows one certificate to cause. */
const MAX_COMPARISONS = 1 << 20;

/** A GeneralName: its tag and contents. */
interface Name {
  readonly tag: number;
  readonly contents: Buffer;
}

const EMAIL = contextTag(1);
const DNS = contextTag(2);
const DIRECTORY = contextTagConstructed(4);
const URI = contextTag(6);
const ADDRESS = contextTag(7);

/**
 * Do the names of a certificate stay within the NameConstraints of a CA above it (RFC 5280 section 4.2.1.10)? Judged as OpenSSL does: the subject counts as a directory name, its
 * emailAddress as a mailbox, and the leaf's CN as a DNS name where it looks like one and there is no dNSName. Constraints on kinds of names that nobody here understands, distances
 * other than "any", and malformed constraints are not kept by anybody.
 */
export function keepsConstraints(constraints: Buffer, below: CertificateDetails, isLeaf: boolean): boolean {
  try {
    const names = namesOf(below, isLeaf);
    const { permitted, excluded } = readConstraints(constraints);
    if (names.length * (permitted.length + excluded.length) > MAX_COMPARISONS) return false;
    return names.every((name) => {
      const allowed = permitted.filter(({ tag }) => tag === name.tag);
      return (
        (allowed.length === 0 || allowed.some((base) => within(name, base))) &&
        !excluded.some((base) => base.tag === name.tag && within(name, base, true))
      );
    });
  } catch (error) {
    if (error instanceof DerError) return false;
    throw error;
  }
}

function readConstraints(constraints: Buffer): { permitted: Name[]; excluded: Name[] } {
  const cursor = new DerCursor(constraints);
  const permitted = cursor.optional(contextTagConstructed(0)) ? readSubtrees(cursor.enter()) : [];
  const excluded = cursor.optional(contextTagConstructed(1)) ? readSubtrees(cursor.enter()) : [];
  cursor.finish('name constraints');
  return { permitted, excluded };
}

function readSubtrees(list: DerCursor): Name[] {
  const names: Name[] = [];
  while (list.more) {
    const subtree = list.next().enter();
    const base = subtree.next();
    names.push({ tag: base.tag, contents: base.contents() });
    subtree.finish('a subtree'); // minimum and maximum: RFC 5280 knows no use for them
  }
  return names;
}

function namesOf({ parts }: CertificateDetails, isLeaf: boolean): Name[] {
  const names: Name[] = [];
  const text = (tag: number, value: string) => names.push({ tag, contents: Buffer.from(value) });
  if (!isEmptyName(parts.subject)) {
    names.push({ tag: DIRECTORY, contents: parts.subject });
    for (const mailbox of attributeValues(parts.subject, '1.2.840.113549.1.9.1')) text(EMAIL, mailbox);
  }
  const list = new DerCursor(parts.extensions.sanDer ?? Buffer.alloc(0));
  while (list.more) {
    list.next();
    names.push({ tag: list.tag, contents: list.contents() });
  }
  if (isLeaf && !names.some(({ tag }) => tag === DNS))
    for (const name of attributeValues(parts.subject, '2.5.4.3')) if (looksLikeHost(name)) text(DNS, name);
  return names;
}

/** At least two labels of letters, digits, `-` and `_`, as OpenSSL takes a CN for a host name. */
const looksLikeHost = (name: string): boolean =>
  name.length <= 255 && /^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)+$/i.test(name);

/** Both of one kind. What cannot be compared is never within a permitted tree, and always within an excluded one. */
function within(name: Name, base: Name, unclear = false): boolean {
  switch (name.tag) {
    case DIRECTORY: {
      const [parts, prefix] = [canonicalParts(name.contents), canonicalParts(base.contents)];
      return prefix.every((part, i) => part === parts[i]);
    }
    case DNS:
      return hostWithin(lower(name), lower(base), true);
    case EMAIL:
      return mailboxWithin(name.contents.toString('latin1'), base.contents.toString('latin1'));
    case URI: {
      const host = /^[^:/?#]+:\/\/([^/?#:]+)/.exec(lower(name))?.[1];
      return host === undefined ? unclear : hostWithin(host, lower(base), false);
    }
    case ADDRESS:
      return addressWithin(name.contents, base.contents);
    default:
      return unclear;
  }
}

const lower = ({ contents }: Name): string => contents.toString('latin1').toLowerCase();

/** `labelsMayPrecede`: a DNS constraint covers its sub-domains; the host of a URI has to be equal unless the constraint begins with a dot. */
function hostWithin(host: string, base: string, labelsMayPrecede: boolean): boolean {
  if (base === '' && labelsMayPrecede) return true;
  if (base.startsWith('.')) return host.length > base.length && host.endsWith(base);
  return host === base || (labelsMayPrecede && host.endsWith(`.${base}`));
}

/** The local part compares exactly, the domain without case; a constraint without `@` is a host, with a leading dot a domain. */
function mailboxWithin(mailbox: string, base: string): boolean {
  const at = mailbox.lastIndexOf('@');
  if (at < 0) return false;
  const domain = mailbox.slice(at + 1).toLowerCase();
  const baseAt = base.lastIndexOf('@');
  if (baseAt < 0) return hostWithin(domain, base.toLowerCase(), false);
  const local = base.slice(0, baseAt);
  return (local === '' || local === mailbox.slice(0, at)) && domain === base.slice(baseAt + 1).toLowerCase();
}

/** `base` is an address followed by a mask of the same length. */
const addressWithin = (address: Buffer, base: Buffer): boolean =>
  base.length === 2 * address.length &&
  address.every((byte, i) => ((byte ^ (base[i] as number)) & (base[address.length + i] as number)) === 0);
