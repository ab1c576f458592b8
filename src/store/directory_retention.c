/* SPDX-License-Identifier: Apache-2.0 */
/* Call records whose time is over: removed a few at a time, beside what is being written. */
#include <inttypes.h>

#include "base/log.h"
#include "store/directory_impl.h"

#define DROP_AT_ONCE  500u
#define DROP_PAUSE_MS 50     /* between two parts of many */
#define DROP_LOOK_MS  600000 /* how often it is looked whether something is due */
#define DROP_FIRST_MS 5000   /* not in the first moments of a start */

static void on_due(void *arg);

static void on_dropped(void *arg, int err, const struct cdr *rows, uint32_t count)
{
        struct directory *dir = arg;
        struct retention *retention = &dir->retention;
        (void)rows;
        if (!retention->keep_ms)
                return; /* it was stopped */
        retention->dropped += count;
        retention->this_time += count;
        bool more = !err && count == DROP_AT_ONCE;
        if (!more && retention->this_time) {
                log_info("store: %" PRIu64 " call records removed, their time is over",
                         retention->this_time);
                retention->this_time = 0;
        }
        io_timer_start(dir->io, &retention->timer, more ? DROP_PAUSE_MS : DROP_LOOK_MS, on_due,
                       dir);
}

static void on_due(void *arg)
{
        struct directory *dir = arg;
        const struct store_cdr_query query = {
                .before_ms = directory_now(dir) - dir->retention.keep_ms,
                .max = DROP_AT_ONCE,
        };
        if (dir->store->ops->drop_cdrs(dir->store, &query, on_dropped, dir))
                io_timer_start(dir->io, &dir->retention.timer, DROP_LOOK_MS, on_due, dir);
}

void retention_start(struct directory *dir, int64_t keep_ms)
{
        dir->retention.keep_ms = keep_ms;
        if (keep_ms)
                io_timer_start(dir->io, &dir->retention.timer, DROP_FIRST_MS, on_due, dir);
}

void retention_stop(struct directory *dir)
{
        dir->retention.keep_ms = 0;
        io_timer_stop(dir->io, &dir->retention.timer);
}
