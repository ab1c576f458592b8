/* SPDX-License-Identifier: Apache-2.0 */
#include "directory_load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/store.h"

/* A store that says yes at the end of the turn, and keeps nothing. */
struct void_store {
        struct store store;
        struct io *io;
        struct io_task answer;
        store_done *done;
        void *arg;
};

static struct void_store void_store;

static int load_nothing(struct store *store, const struct store_loader *loader)
{
        (void)store;
        (void)loader;
        return 0;
}

static void answer(void *arg)
{
        (void)arg;
        void_store.done(void_store.arg, 0);
}

static int submit(struct store *store, const struct store_change *changes, uint32_t count,
                  store_done *done, void *arg)
{
        (void)store;
        (void)changes;
        (void)count;
        void_store.done = done;
        void_store.arg = arg;
        io_defer(void_store.io, &void_store.answer, answer, NULL);
        return 0;
}

static uint32_t queued(const struct store *store)
{
        (void)store;
        return 0;
}

static bool healthy(const struct store *store, char *problem)
{
        (void)store;
        (void)problem;
        return true;
}

static void close_store(struct store *store)
{
        (void)store;
        io_defer_cancel(void_store.io, &void_store.answer);
}

static const struct store_ops void_ops = {
        .load = load_nothing,
        .submit = submit,
        .queued = queued,
        .healthy = healthy,
        .close = close_store,
};

static void must(int err, const char *what)
{
        if (!err)
                return;
        fprintf(stderr, "bench: %s: %s\n", what, err_text(err));
        exit(1);
}

static void on_done(void *arg, int err)
{
        (void)arg;
        must(err, "a change");
}

struct real_number load_party(uint32_t i)
{
        return (struct real_number){{UINT64_C(919888800000) + i}};
}

static void provision(struct load *load)
{
        struct trunk trunk = {
                .tenant_id = 1, .name = "carrier", .source_count = 1, .peer_port = 5060};
        must(addr_prefix_parse(SLICE("192.0.2.0/24"), &trunk.sources[0].prefix), "the source");
        must(directory_trunk_add(load->dir, &trunk, on_done, NULL), "the trunk");
        for (unsigned i = 0; i < LOAD_NUMBERS; i++) {
                const struct number_row row = {
                        .number = {{UINT64_C(919000000001) + i}},
                        .tenant_id = 1,
                        .trunk_id = trunk.id,
                        .pool_id = 1,
                };
                must(directory_number_add(load->dir, &row, on_done, NULL), "a number");
        }
        sim_world_run_ms(load->sim, 1);
}

void load_open(struct load *load, uint32_t sessions_max)
{
        char problem[512];
        *load = (struct load){0};
        must(sim_world_create(1, &load->sim), "the world");
        must(io_create_sim(load->sim, &load->io), "the loop");
        must(vault_create_memory(&load->vault), "the vault");
        void_store = (struct void_store){.store = {&void_ops}, .io = load->io};
        const struct directory_params params = {
                .io = load->io,
                .sessions_max = sessions_max,
                .numbers_max = LOAD_NUMBERS,
                .quarantine_ms = 7200000,
        };
        must(directory_open_on(&params, load->vault, &void_store.store, &load->dir, problem),
             "the directory");
        load->party = calloc(sessions_max, sizeof *load->party);
        load->dials = calloc(sessions_max, sizeof *load->dials);
        must(load->party && load->dials ? 0 : ERR_FULL, "memory");
        provision(load);
}

void load_close(struct load *load)
{
        directory_close(load->dir);
        sim_world_destroy(load->sim);
        free(load->party);
        free(load->dials);
}

uint64_t load_cpu_ns(void)
{
        struct timespec t;
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
        return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

uint64_t load_create(struct load *load)
{
        /* Each party with ever others: an odd step visits them all. */
        uint32_t a = load->created * 2654435761u % LOAD_PARTIES;
        uint32_t b = (a + 1 + load->created / LOAD_PARTIES * 7 + load->created % 5) % LOAD_PARTIES;
        struct session_create create = {.tenant_id = 1};
        struct session_view view;
        bool repeated;
        session_create_party(&create, load_party(a));
        session_create_party(&create, load_party(b));
        uint64_t before = load_cpu_ns();
        int err =
                directory_session_create(load->dir, &create, &view, &repeated, NULL, on_done, NULL);
        uint64_t took = load_cpu_ns() - before;
        must(err, "a session");
        load->party[load->created][0] = a;
        load->party[load->created][1] = b;
        load->dials[load->created][0] = view.parties[0].dials;
        load->dials[load->created][1] = view.parties[1].dials;
        if (++load->created % 64 == 0)
                sim_world_run_ms(load->sim, 1);
        return took;
}
