/* SPDX-License-Identifier: Apache-2.0 */
#include "io/tls_words.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/log.h"

struct day {
        char text[24];
};

static struct day day_of(const ASN1_TIME *time)
{
        struct tm tm = {0};
        struct day day = {"an unknown day"};
        if (time && ASN1_TIME_to_tm(time, &tm) == 1)
                strftime(day.text, sizeof day.text, "%Y-%m-%d", &tm);
        return day;
}

/* The common name, else whatever comes first. */
static struct log_text name_of(const X509_NAME *name)
{
        char text[128];
        int n = X509_NAME_get_text_by_NID((X509_NAME *)name, NID_commonName, text, sizeof text);
        if (n <= 0)
                n = X509_NAME_get_text_by_NID((X509_NAME *)name, NID_organizationName, text,
                                              sizeof text);
        if (n <= 0)
                return log_text(SLICE("a nameless issuer"));
        return log_text((struct slice){text, (size_t)n});
}

void tls_words_of_chain(X509_STORE_CTX *chain, struct tls_reason *out)
{
        const X509 *certificate = X509_STORE_CTX_get_current_cert(chain);
        int error = X509_STORE_CTX_get_error(chain);
        bool is_own = X509_STORE_CTX_get_error_depth(chain) == 0;
        const char *which = is_own ? "the certificate" : "a certificate that the peer's rests on";
        if (!certificate) {
                snprintf(out->text, sizeof out->text, "%s was refused: %s", which,
                         X509_verify_cert_error_string(error));
                return;
        }
        switch (error) {
        case X509_V_ERR_CERT_HAS_EXPIRED:
                snprintf(out->text, sizeof out->text, "%s expired on %s", which,
                         day_of(X509_get0_notAfter(certificate)).text);
                break;
        case X509_V_ERR_CERT_NOT_YET_VALID:
                snprintf(out->text, sizeof out->text, "%s is not valid before %s", which,
                         day_of(X509_get0_notBefore(certificate)).text);
                break;
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
                snprintf(out->text, sizeof out->text,
                         "%s of '%s' is signed by itself, and not among those we trust", which,
                         name_of(X509_get_subject_name(certificate)).text);
                break;
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
        case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
                snprintf(out->text, sizeof out->text,
                         "the certificate %s '%s', who is not among those we trust",
                         is_own ? "is signed by" : "rests on",
                         name_of(X509_get_issuer_name(certificate)).text);
                break;
        default:
                snprintf(out->text, sizeof out->text, "%s was refused: %s", which,
                         X509_verify_cert_error_string(error));
                break;
        }
}

void tls_words_of_error(unsigned long code, bool in_handshake, struct tls_reason *out)
{
        const char *when = in_handshake ? "the TLS handshake failed" : "TLS failed";
        const char *what = ERR_reason_error_string(code);
        int reason = ERR_GET_REASON(code);
        bool is_ssl = ERR_GET_LIB(code) == ERR_LIB_SSL;
        if (is_ssl && reason == SSL_R_TLSV1_ALERT_PROTOCOL_VERSION)
                what = "the peer wants no TLS version that we speak (1.2, 1.3)";
        else if (is_ssl && reason == SSL_R_UNSUPPORTED_PROTOCOL)
                what = "the peer speaks neither TLS 1.2 nor 1.3";
        else if (is_ssl && (reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_HTTP_REQUEST))
                what = "the peer does not speak TLS here";
        else if (is_ssl && reason == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE)
                what = "the peer showed no certificate, and must";
        else if (is_ssl && reason == SSL_R_NO_SHARED_CIPHER)
                what = "the peer has no cipher in common with us";
        else if (is_ssl && reason > SSL_AD_REASON_OFFSET) {
                snprintf(out->text, sizeof out->text, "%s: the peer refused us with '%s'", when,
                         SSL_alert_desc_string_long(reason - SSL_AD_REASON_OFFSET));
                return;
        }
        snprintf(out->text, sizeof out->text, "%s: %s", when, what ? what : "no reason known");
}
