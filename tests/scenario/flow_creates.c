/* SPDX-License-Identifier: Apache-2.0 */
#include "flow_creates.h"

#include "../unit/unit.h"

#define FIRST_NUMBER UINT64_C(919000000091)
#define FIRST_PARTY  UINT64_C(919888800500)

static void on_number(void *arg, int err)
{
        (void)arg;
        assert_int_equal(err, 0);
}

/* Once there is a trunk that they may belong to; a crash may have taken them along. */
static bool has_numbers(struct directory *dir, const struct trunk *trunk)
{
        for (unsigned i = 0; i < 2; i++) {
                const struct masking_number number = {{FIRST_NUMBER + i}};
                const struct number_row row = {number, .tenant_id = trunk->tenant_id,
                                               .trunk_id = trunk->id,
                                               .pool_id = DIRECTORY_DEFAULT_POOL};
                if (!directory_number_find(dir, number) &&
                    directory_number_add(dir, &row, on_number, NULL))
                        return false;
        }
        return true;
}

static void on_created(void *arg, int err)
{
        struct create *create = arg;
        create->is_acknowledged = err == 0;
}

void flow_creates_make(struct flow_run *run, struct flow_creates *creates)
{
        struct directory *dir = run->platform->directory;
        const struct trunk *trunk = dir ? directory_trunk_at(dir, 0) : NULL;
        if (!trunk || creates->count == CREATES_MAX || !has_numbers(dir, trunk))
                return;
        const uint64_t party = FIRST_PARTY + 2 * creates->count;
        const struct session_create wanted = {
                .tenant_id = trunk->tenant_id,
                .parties = {{.real = {{{party}}}, .real_count = 1},
                            {.real = {{{party + 1}}}, .real_count = 1}},
                .party_count = 2,
                .given = {{{FIRST_NUMBER}}, {{FIRST_NUMBER + 1}}},
        };
        struct create *create = &creates->made[creates->count];
        struct session_view view;
        bool repeated;
        /* The flow's policy may not allow it. */
        if (directory_session_create(dir, &wanted, &view, &repeated, NULL, on_created, create))
                return;
        create->id = view.id;
        create->expires_ms = view.expires_ms;
        creates->count++;
}

void flow_creates_check(struct flow_run *run, const struct flow_creates *creates)
{
        int64_t now_ms = io_wall_ms(run->platform->io);
        for (unsigned i = 0; i < creates->count; i++) {
                const struct create *create = &creates->made[i];
                bool is_due = create->is_acknowledged &&
                              (!create->expires_ms || now_ms < create->expires_ms);
                if (is_due && !directory_session_lives(run->platform->directory, create->id))
                        flow_fail(run, "a session that was acknowledged is lost");
        }
}
