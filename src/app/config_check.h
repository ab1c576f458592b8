/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config_check.h - values that are each allowed, and do not go together.
 */
#ifndef MASKLINE_APP_CONFIG_CHECK_H
#define MASKLINE_APP_CONFIG_CHECK_H

#include "app/config.h"

/* `problems` gets a line for each: the key, what is wrong, what to do. */
void config_check(const struct config *config, struct buf *problems);

#endif
