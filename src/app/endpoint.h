/* SPDX-License-Identifier: Apache-2.0 */
/*
 * endpoint.h - where the command line finds the API: "endpoint" in the data directory, and with TLS
 * "endpoint.sha256", by which it knows the server whatever name its certificate bears.
 */
#ifndef MASKLINE_APP_ENDPOINT_H
#define MASKLINE_APP_ENDPOINT_H

#include "base/addr.h"
#include "io/tls_context.h"

/* Each whole or not at all. `tls` NULL: plain HTTP. `problem` has 512 bytes. */
int endpoint_write(const char *data_dir, const struct addr *api, const struct tls_context *tls,
                   char *problem) MUST_CHECK;
void endpoint_remove(const char *data_dir);

#endif
