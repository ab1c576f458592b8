# SPDX-License-Identifier: Apache-2.0
"""Certificates for one test: an authority, and what it signs."""
import pathlib
import subprocess


class Authority:
    def __init__(self, directory):
        self._directory = pathlib.Path(directory)
        self._directory.mkdir(parents=True, exist_ok=True)
        self._count = 0
        self.ca = self._directory / "ca.pem"
        self._key = self._directory / "ca.key"
        self._openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                      "-days", "2", "-subj", "/CN=test authority", "-keyout", self._key,
                      "-out", self.ca)

    @staticmethod
    def _openssl(*args):
        subprocess.run(["openssl", *map(str, args)], check=True, capture_output=True)

    def sign(self, names, into=None):
        """Files of certificate and key; `names` as in subjectAltName: "DNS:a.example,IP:127.0.0.1"."""
        self._count += 1
        certificate, key = into or (self._directory / f"{self._count}.pem",
                                    self._directory / f"{self._count}.key")
        request = self._directory / "request"
        extensions = self._directory / "extensions"
        extensions.write_text(f"subjectAltName={names}\n")
        self._openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                      "-subj", f"/CN=number {self._count}", "-keyout", key, "-out", request)
        self._openssl("x509", "-req", "-in", request, "-CA", self.ca, "-CAkey", self._key,
                      "-set_serial", self._count, "-days", "2", "-extfile", extensions,
                      "-out", certificate)
        key.chmod(0o600)
        return certificate, key

    def together(self, names):
        """One file with both, as some programs want it."""
        certificate, key = self.sign(names)
        both = certificate.with_suffix(".both")
        both.write_text(certificate.read_text() + key.read_text())
        both.chmod(0o600)
        return both
