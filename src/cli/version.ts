declare const VASATRUST_VERSION: string | undefined;

/** The version of the package, put in by the build; run from source there is none. */
export const VERSION: string = typeof VASATRUST_VERSION === 'undefined' ? '0.0.0-source' : VASATRUST_VERSION;
