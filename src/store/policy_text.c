/* SPDX-License-Identifier: Apache-2.0 */
#include "store/policy_text.h"

#include <assert.h>

void policy_text_format(const struct pool_policy *policy, struct buf *out)
{
        for (unsigned i = 0; i < pool_policy_row_count; i++) {
                buf_put_text(out, pool_policy_rows[i].name);
                buf_put_char(out, '=');
                pool_policy_format(policy, &pool_policy_rows[i], out);
                buf_put_char(out, '\n');
        }
        assert(buf_ok(out));
}

int policy_text_parse(struct slice text, struct pool_policy *policy)
{
        while (text.len) {
                struct slice value, line = slice_split(text, '\n', &text);
                struct slice name = slice_split(line, '=', &value);
                const struct policy_row *row = pool_policy_row(name);
                int err = row ? pool_policy_parse(policy, row, value) : ERR_NOT_FOUND;
                if (err)
                        return err;
        }
        return 0;
}
