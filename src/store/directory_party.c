/* SPDX-License-Identifier: Apache-2.0 */
/* Everything that is kept about one person: each session is opened, a few in each turn of the loop. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "store/directory_change.h"
#include "store/directory_impl.h"

#define PER_TURN 64

/* In secret memory. */
struct party_walk {
        struct list node; /* in dir->walks */
        struct directory *dir;
        struct io_timer timer;
        uint32_t tenant_id;
        struct real_number number;
        uint64_t next_id;
        directory_party_fn *found;
        directory_done *done;
        void *arg;
};

static void finish(struct party_walk *walk, int err)
{
        directory_done *done = walk->done;
        void *arg = walk->arg;
        list_remove(&walk->node);
        io_timer_stop(walk->dir->io, &walk->timer);
        secret_free(walk, sizeof *walk);
        done(arg, err);
}

static void look(struct party_walk *walk, const struct row *row)
{
        struct directory *dir = walk->dir;
        if (row->tenant_id != walk->tenant_id || row->state == SESSION_ERASED)
                return;
        const struct session *session = row_open(dir, row);
        if (!session)
                return;
        uint8_t place = session_party_of(session, walk->number);
        bool called_last = number_equal(session->last_caller.n, walk->number.n);
        row_close(dir);
        uint64_t origin = row_origin(dir, row);
        if (place != PARTY_NONE || called_last)
                walk->found(walk->arg, origin ? origin : row->id, place);
}

static void walk_on(void *arg)
{
        struct party_walk *walk = arg;
        struct directory *dir = walk->dir;
        for (unsigned i = 0; i < PER_TURN; i++) {
                uint32_t at = roll_below(&dir->rows_roll, walk->next_id);
                if (at == dir->rows_roll.count) {
                        finish(walk, 0);
                        return;
                }
                const struct row *row = row_at(dir, at);
                walk->next_id = row->id + 1;
                look(walk, row);
        }
        io_timer_start(dir->io, &walk->timer, 0, walk_on, walk);
}

int directory_party_walk(struct directory *dir, uint32_t tenant_id, struct real_number number,
                         directory_party_fn *found, directory_done *done, void *arg)
{
        struct party_walk *walk = secret_alloc(sizeof *walk);
        if (!walk)
                return -ENOMEM;
        memset(walk, 0, sizeof *walk);
        walk->dir = dir;
        walk->tenant_id = tenant_id;
        walk->number = number;
        walk->found = found;
        walk->done = done;
        walk->arg = arg;
        list_add_tail(&dir->walks, &walk->node);
        io_timer_start(dir->io, &walk->timer, 0, walk_on, walk);
        return 0;
}

void party_walks_end(struct directory *dir)
{
        while (!list_is_empty(&dir->walks))
                finish(container_of(dir->walks.next, struct party_walk, node), -ECANCELED);
}

int directory_party_numbers(const struct directory *dir, uint64_t session_id, uint8_t place,
                            struct session_party *out)
{
        const struct row *row = row_find(dir, session_id);
        if (!row_is_shown(row))
                return ERR_NOT_FOUND;
        const struct session *session = row_open(dir, row);
        if (!session)
                return ERR_SEALED;
        bool is_there = place < session->party_count && session->parties[place].real_count;
        if (is_there)
                *out = session->parties[place];
        row_close(dir);
        return is_there ? 0 : ERR_NOT_FOUND;
}

int directory_party_audit(struct directory *dir, enum audit_kind kind, uint32_t tenant_id,
                          uint64_t by, uint32_t sessions, directory_done *done, void *arg)
{
        struct unit *unit = queue_take(dir, false);
        if (!unit)
                return ERR_FULL;
        audit_entry_party(unit_audit(unit), kind, tenant_id, by, sessions, directory_now(dir));
        queue_add(dir, unit, done, arg);
        return 0;
}
