"""The certificate that the loopback server shows: made here, trusted by whoever is told to.

An authority of its own signs one certificate and is thrown away: its private key is never stored,
so nothing else can be signed in its name. Clients trust the authority's file.
"""

from __future__ import annotations

import ipaddress
import logging
import os
import shutil
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LIFETIME = timedelta(days=365)
RENEWED_BEFORE = timedelta(days=30)
NAMES = ("localhost", "api.loganalytics.io", "management.azure.com")
"""Azure's own names too: a client that resolves them to loopback needs no other setting."""

ADDRESSES = ("127.0.0.1", "::1")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Certificate:
    """The files of a certificate: what clients trust, what the server shows, its private key."""

    authority: Path
    chain: Path
    key: Path


def ensure_certificate(directory: Path) -> Certificate:
    """Return the certificate kept in `directory`; make one where it is missing or runs out."""
    found = _files(directory)
    if _is_current(found):
        return found
    directory.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=f".{directory.name}-", dir=directory.parent))
    try:
        _make(_files(made))
        if directory.exists() and not _is_current(found):
            shutil.rmtree(directory)
        made.rename(directory)
    except OSError:
        # Another process was faster: what it made is as good.
        if not _is_current(found):
            raise
    finally:
        shutil.rmtree(made, ignore_errors=True)
    _log.info("made a certificate for loopback in %s", directory)
    return found


def _files(directory: Path) -> Certificate:
    return Certificate(directory / "ca.pem", directory / "server.pem", directory / "key.pem")


def _is_current(files: Certificate) -> bool:
    try:
        shown = x509.load_pem_x509_certificate(files.chain.read_bytes())
        complete = files.authority.is_file() and files.key.is_file()
    except (OSError, ValueError):
        return False
    return complete and datetime.now(UTC) + RENEWED_BEFORE < shown.not_valid_after_utc


def _make(files: Certificate) -> None:
    authority_key = ec.generate_private_key(ec.SECP256R1())
    authority = _authority(authority_key)
    key = ec.generate_private_key(ec.SECP256R1())
    shown = _server(key, authority, authority_key)
    _write(files.authority, _pem(authority), mode=0o644)
    _write(files.chain, _pem(shown) + _pem(authority), mode=0o644)
    unprotected = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    _write(files.key, unprotected, mode=0o600)


def _authority(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = _name("Microsoft Sentinel MCP embedded workspace (this machine only)")
    public = key.public_key()
    usage = _usage(key_cert_sign=True, crl_sign=True)
    return (
        _builder(name, name, public)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .sign(key, hashes.SHA256())
    )


def _server(
    key: ec.EllipticCurvePrivateKey,
    authority: x509.Certificate,
    authority_key: ec.EllipticCurvePrivateKey,
) -> x509.Certificate:
    public = key.public_key()
    names: list[x509.GeneralName] = [x509.DNSName(each) for each in NAMES]
    names += [x509.IPAddress(ipaddress.ip_address(each)) for each in ADDRESSES]
    signer = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key())
    return (
        _builder(_name("localhost"), authority.subject, public)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(digital_signature=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(signer, critical=False)
        .sign(authority_key, hashes.SHA256())
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, public: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        # A clock that was set back a little must not refuse a certificate of this minute.
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + LIFETIME)
    )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _usage(
    *, digital_signature: bool = False, key_cert_sign: bool = False, crl_sign: bool = False
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _write(path: Path, content: bytes, *, mode: int) -> None:
    """Write a new file that has its mode from the first byte on."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
