/** Everything that a terminal obeys or a reader cannot see, line ends aside; written down apart from the code under test. */
export const DANGEROUS = new RegExp(
  `[${[
    '\\u0000-\\u0009\\u000b-\\u001f\\u007f-\\u009f', // C0 without the line feed, DEL, C1
    '\\u00ad\\u061c\\u115f\\u1160\\u180e\\u3164\\uffa0', // fillers, soft hyphen, Arabic letter mark
    '\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\ufeff', // zero width, bidirectional, line separators
    '\\ufe00-\\ufe0f\\ufff9-\\ufffb\\u{e0000}-\\u{e007f}', // variation selectors, annotations, tags
  ].join('')}]`,
  'u',
);
