"""One round of bench/certificates.ts with Python's cryptography; prints seconds.

Usage: certificates.py FILE facts|lazy. "facts" reads what ours reads; "lazy" lets the library put off all reading that signature and SHA-256 do not need.
"""

import sys
import time
import warnings

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

warnings.simplefilter("ignore")  # newer versions want not_valid_before_utc, which Debian 12 has not

CAS = 16


def read(path):
    data = open(path, "rb").read()
    at = 0
    while at < len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        yield data[at + 4 : at + 4 + length]
        at += 4 + length


def digest(algorithm, data):
    state = hashes.Hash(algorithm)
    state.update(data)
    return state.finalize().hex()


def facts(der):
    cert = x509.load_der_x509_certificate(der)
    key = cert.public_key()
    spki = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    extensions = {}
    for extension in cert.extensions:
        value = extension.value
        if isinstance(value, x509.SubjectAlternativeName):
            value = [name.value for name in value]
        extensions[extension.oid.dotted_string] = value
    return cert, (
        cert.subject.rfc4514_string(),
        cert.issuer.rfc4514_string(),
        format(cert.serial_number, "x"),
        cert.not_valid_before,
        cert.not_valid_after,
        cert.signature_algorithm_oid.dotted_string,
        key.key_size,
        extensions,
        cert.fingerprint(hashes.SHA256()).hex(),
        cert.fingerprint(hashes.SHA1()).hex(),
        digest(hashes.SHA256(), spki),
    )


def verify(cas, i, cert):
    cas[i % CAS].verify(cert.signature, cert.tbs_certificate_bytes, padding.PKCS1v15(), cert.signature_hash_algorithm)


path, mode = sys.argv[1:]
ders = list(read(path))
started = time.perf_counter()
if mode == "facts":
    parsed = [facts(der)[0] for der in ders]
else:
    parsed = [x509.load_der_x509_certificate(der) for der in ders]
    fingerprints = [cert.fingerprint(hashes.SHA256()) for cert in parsed]
cas = [cert.public_key() for cert in parsed[:CAS]]
for i, cert in enumerate(parsed[CAS:]):
    verify(cas, i, cert)
print(time.perf_counter() - started)
