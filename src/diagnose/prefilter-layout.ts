/** Where the searched-for windows and their tables stand in the prefilter's memory. Everything below `end` belongs to them. */
export const PREFILTER_LAYOUT = {
  /** Six tables of sixteen bytes: low and high half of the first, second and third byte of a window. */
  tables: 0,
  scratch: 112,
  /** Nine numbers of 32 bits: the first window of each bucket, and the end. */
  buckets: 128,
  /** Eight bytes each, by bucket. */
  windows: 256,
  end: 64 * 1024,
} as const;
