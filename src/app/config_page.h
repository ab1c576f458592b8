/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config_page.h - the rows of the configuration as a file to start from, and as the reference page.
 */
#ifndef MASKLINE_APP_CONFIG_PAGE_H
#define MASKLINE_APP_CONFIG_PAGE_H

#include "app/config.h"

/* A configuration file that says what holds without one; config_read() accepts it. */
void config_put_defaults(struct buf *out);

/* docs/reference/configuration.md, byte by byte. */
void config_put_reference(struct buf *out);

#endif
