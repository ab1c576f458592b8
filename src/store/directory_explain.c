/* SPDX-License-Identifier: Apache-2.0 */
/* What to ask if a call in each row of a session is to be judged as if it came now. */
#include <string.h>

#include "store/directory_impl.h"

/* Nobody has it: no country has this code. */
#define SOMEBODY UINT64_C(999000000000001)

/* In the clear while the rows are asked for. */
struct asking {
        struct session_row rows[SESSION_ROWS_MAX];
        struct real_number callers[SESSION_ROWS_MAX];
        struct pin_hash pins[SESSION_ROWS_MAX];
        unsigned count;
};

static void read_rows(const struct session *session, struct asking *asking)
{
        asking->count = session_rows(session, asking->rows);
        for (unsigned i = 0; i < asking->count; i++) {
                const struct session_row *row = &asking->rows[i];
                bool is_anyone = row->party == PARTY_NONE;
                asking->callers[i] = is_anyone ? (struct real_number){{SOMEBODY}}
                                               : session->parties[row->party].real[0];
                if (row->by_digits)
                        asking->pins[i] = session->parties[__builtin_ctz(row->reaches)].pin;
        }
}

int directory_session_explain(const struct directory *dir, uint64_t session_id,
                              directory_row_fn *fn, void *arg)
{
        struct asking asking = {.count = 0};
        const struct row *row = row_find(dir, session_id);
        if (!row_is_shown(row))
                return ERR_NOT_FOUND;
        const struct session *session = row_open(dir, row);
        if (!session)
                return ERR_SEALED;
        read_rows(session, &asking);
        row_close(dir);
        for (unsigned i = 0; i < asking.count; i++) {
                const struct directory_question question = {
                        .dialled = asking.rows[i].dials,
                        .caller = asking.callers[i],
                        .pin = asking.pins[i],
                };
                fn(arg, &asking.rows[i], &question);
        }
        explicit_bzero(&asking, sizeof asking);
        return 0;
}
