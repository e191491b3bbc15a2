/** RSA keys of providers, in bits: below is weak, above is too slow for a controller's handshakes and refused by some CAs. */
export const MIN_KEY_BITS = 2048;
export const MAX_KEY_BITS = 8192;
