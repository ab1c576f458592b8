# SPDX-License-Identifier: Apache-2.0
"""What a run over TCP or TLS needs: certificates that nobody else trusts, settings, options."""
import subprocess

SERVER = "127.0.0.1"


def _openssl(work, *words):
    subprocess.run(["openssl", *map(str, words)], cwd=work, check=True, stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def make(work, peers):
    """ca.pem, and NAME.pem with NAME.key for "ours" and "theirs", who are known by addresses."""
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    _openssl(work, "req", "-x509", *curve, "-days", 30, "-subj", "/CN=load", "-keyout", "ca.key",
             "-out", "ca.pem")
    for name, addresses in (("ours", [SERVER]), ("theirs", peers)):
        names = ",".join(f"IP:{address}" for address in addresses)
        (work / "names").write_text(f"subjectAltName={names}\nbasicConstraints=critical,CA:false\n")
        _openssl(work, "req", *curve, "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out",
                 f"{name}.csr")
        _openssl(work, "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
                 "-CAcreateserial", "-days", 30, "-extfile", "names", "-out", f"{name}.pem")
        (work / f"{name}.key").chmod(0o600)


def settings(transport, port, work):
    """Of the daemon, to be heard over this transport on this port."""
    if transport == "udp":
        return {}
    more = {f"sip_{transport}_listen": f"{SERVER}:{port}"}
    if transport == "tls":
        more |= {"tls_certificate": work / "ours.pem", "tls_key": work / "ours.key",
                 "tls_ca": work / "ca.pem"}
    return more


def generator_options(transport, work):
    """Of masked_load."""
    options = ["--transport", transport]
    if transport == "tls":
        options += ["--tls-cert", str(work / "theirs.pem"), "--tls-key", str(work / "theirs.key"),
                    "--tls-ca", str(work / "ca.pem"), "--tls-domain", SERVER]
    return options
