/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config_value.h - one value of the configuration: as text, and in its member of struct config.
 */
#ifndef MASKLINE_APP_CONFIG_VALUE_H
#define MASKLINE_APP_CONFIG_VALUE_H

#include "app/config.h"

/*
 * ERR_SYNTAX or ERR_RANGE: it is not what config_value_put_allowed() says; ERR_CONFLICT: two
 * addresses of one kind.
 */
int config_value_read(const struct config_row *row, struct slice value,
                      struct config *config) MUST_CHECK;

/* As the file spells it. */
void config_value_put(struct buf *out, const struct config_row *row, const struct config *config);

/* "a whole number from 1 to 20000 (calls)": what a value of this row may be. */
void config_value_put_allowed(struct buf *out, const struct config_row *row);

#endif
