/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "core/store.h"

void world_make(struct world *w, bool with_files)
{
        memset(w, 0, sizeof *w);
        w->has_files = with_files;
        if (with_files)
                scratch_make(&w->files);
        int err = sim_world_create(1, &w->sim);
        assert(!err);
        err = io_create_sim(w->sim, &w->io);
        assert(!err);
        err = store_memory_disk_create(&w->disk);
        assert(!err);
        w->params = (struct directory_params){
                .io = w->io,
                .sessions_max = 1000,
                .numbers_max = 100,
                .quarantine_ms = QUARANTINE_MS,
                .waiting_max = 8192,
        };
        err = world_open(w);
        assert(!err);
        (void)err;
}

static int open_vault(struct world *w)
{
        if (!w->has_files)
                return vault_create_memory(&w->vault);
        int err = data_dir_open(w->files.path, &w->data_dir, w->problem);
        return err ? err : vault_open(w->data_dir, &w->vault, w->problem);
}

int world_open(struct world *w)
{
        int err = open_vault(w);
        assert(!err);
        const struct store_memory_params memory = {
                .io = w->io, .vault = w->vault, .disk = w->disk, .commit_ms = w->commit_ms};
        err = store_memory_open(&memory, &w->store);
        assert(!err);
        err = directory_open_on(&w->params, w->vault, w->store, &w->dir, w->problem);
        if (!err)
                return 0;
        w->store->ops->close(w->store);
        vault_close(w->vault);
        data_dir_close(w->data_dir);
        w->data_dir = NULL;
        return err;
}

void world_close(struct world *w)
{
        directory_close(w->dir);
        data_dir_close(w->data_dir);
        w->dir = NULL;
        w->data_dir = NULL;
}

void world_crash(struct world *w)
{
        store_memory_crash(w->store);
        world_close(w);
}

void world_reopen(struct world *w)
{
        world_close(w);
        int err = world_open(w);
        assert(!err);
}

void world_remove(struct world *w)
{
        if (w->dir)
                world_close(w);
        store_memory_disk_destroy(w->disk);
        sim_world_destroy(w->sim);
        if (w->has_files)
                scratch_remove(&w->files);
}

void world_run(struct world *w)
{
        world_run_ms(w, 1);
}

void world_run_ms(struct world *w, int64_t ms)
{
        sim_world_run_ms(w->sim, ms);
}

int64_t world_now(const struct world *w)
{
        return io_wall_ms(w->io);
}

struct masking_number world_m(unsigned i)
{
        return (struct masking_number){{919000000000 + i}};
}

struct real_number world_p(unsigned i)
{
        return (struct real_number){{919888800000 + i}};
}

void world_done(void *arg, int err)
{
        struct answer *answer = arg;
        answer->err = err;
        answer->times++;
}

uint32_t world_add_trunk(struct world *w, uint32_t tenant_id, const char *name, const char *source)
{
        struct trunk trunk = {.tenant_id = tenant_id, .source_count = 1, .peer_port = 5060};
        struct answer answer = {.err = 1};
        snprintf(trunk.name, sizeof trunk.name, "%s", name);
        int err = addr_prefix_parse(slice_from(source), &trunk.sources[0].prefix);
        assert(!err);
        err = directory_trunk_add(w->dir, &trunk, world_done, &answer);
        assert(!err);
        world_run(w);
        assert(answer.err == 0);
        assert(answer.times == 1);
        return trunk.id;
}

void world_add_number(struct world *w, uint32_t tenant_id, uint32_t trunk_id, unsigned number)
{
        const struct number_row row = {world_m(number), tenant_id, trunk_id, 1, 0};
        struct answer answer = {.err = 1};
        int err = directory_number_add(w->dir, &row, world_done, &answer);
        assert(!err);
        (void)err;
        world_run(w);
        assert(answer.err == 0);
}

uint32_t world_provision(struct world *w, unsigned count)
{
        uint32_t trunk_id = world_add_trunk(w, 1, "carrier", "192.0.2.0/24");
        for (unsigned i = 1; i <= count; i++)
                world_add_number(w, 1, trunk_id, i);
        return trunk_id;
}

struct session_view world_session(struct world *w, unsigned a, unsigned b, int64_t expires_ms)
{
        const struct session_create create = {.tenant_id = 1,
                                              .parties = {PARTY(world_p(a)), PARTY(world_p(b))},
                                              .party_count = 2,
                                              .expires_ms = expires_ms};
        struct session_view view;
        struct answer answer = {.err = 1};
        bool repeated = true;
        int err = directory_session_create(w->dir, &create, &view, &repeated, NULL, world_done,
                                           &answer);
        assert(!err);
        (void)err;
        assert(!repeated);
        assert(answer.times == 0);
        world_run(w);
        assert(answer.err == 0);
        return view;
}

void world_decide(const struct directory *dir, struct masking_number dialled,
                  struct real_number caller, bool caller_withheld, struct directory_decision *out)
{
        const struct directory_question question = {
                .dialled = dialled, .caller = caller, .caller_withheld = caller_withheld};
        directory_decide(dir, &question, out);
}

enum mask_verdict world_call(struct world *w, struct masking_number dialled, unsigned caller)
{
        struct directory_decision decision;
        world_decide(w->dir, dialled, world_p(caller), false, &decision);
        return decision.verdict;
}
