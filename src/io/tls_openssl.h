/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls_openssl.h - OpenSSL's headers, which have a type of the name of one of our error codes.
 */
#ifndef MASKLINE_IO_TLS_OPENSSL_H
#define MASKLINE_IO_TLS_OPENSSL_H

#define ERR_STATE openssl_err_state
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#undef ERR_STATE

#endif
