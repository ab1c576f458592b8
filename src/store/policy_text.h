/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy_text.h - the policy of a pool as text for the disk: a line `name=value` for each setting.
 */
#ifndef MASKLINE_STORE_POLICY_TEXT_H
#define MASKLINE_STORE_POLICY_TEXT_H

#include "core/pool_policy.h"

#define POLICY_TEXT_MAX 4096

void policy_text_format(const struct pool_policy *policy, struct buf *out);

/*
 * On top of what `policy` says already. ERR_NOT_FOUND: a setting that this program does not know;
 * ERR_SYNTAX, ERR_RANGE ...: a value that it does not take. Then `policy` is partly changed.
 */
int policy_text_parse(struct slice text, struct pool_policy *policy) MUST_CHECK;

#endif
