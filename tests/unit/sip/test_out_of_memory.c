/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything is taken at start, and any of it may not be there: opening is tried with the first
 * allocation failing, then the second, until none does. What leaks is the sanitizer's to say.
 */
#include <errno.h>

#include "../unit.h"

#include "base/secret.h"
#include "io/io_sim.h"
#include "sip/sip_ua.h"

void *__real_calloc(size_t count, size_t bytes);
void *__real_secret_alloc(size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__wrap_secret_alloc(size_t bytes);

static unsigned left; /* allocations until one fails; 0: none will */

static bool fails(void)
{
        return left && --left == 0;
}

void *__wrap_calloc(size_t count, size_t bytes)
{
        return fails() ? NULL : __real_calloc(count, bytes);
}

void *__wrap_secret_alloc(size_t bytes)
{
        return fails() ? NULL : __real_secret_alloc(bytes);
}

static const struct sip_ua_handler nobody;

static int open_all(struct io *io, unsigned fail_at)
{
        struct sip_trunks *trunks = NULL;
        struct sip_ua *ua = NULL;
        const struct trunk trunk = {.id = 1, .name = "t", .peer_host = "192.0.2.10"};
        left = fail_at;
        int err = sip_trunks_create(io, &trunks);
        if (!err)
                err = sip_trunks_put(trunks, &trunk);
        const struct sip_ua_params params = {
                .io = io,
                .trunks = trunks,
                .listen.udp.ip4 = {.family = 4, .port = 5060, .ip = {198, 51, 100, 1}},
                .legs_max = 4,
                .transactions_max = 16,
                .handler = &nobody,
        };
        if (!err)
                err = sip_ua_create(&params, &ua);
        left = 0;
        assert_true(err ? !ua : ua != NULL);
        sip_ua_destroy(ua);
        sip_trunks_destroy(trunks);
        return err;
}

static void opening_without_memory_fails_clean(void **state)
{
        (void)state;
        struct sim_world *world;
        struct io *io;
        assert_int_equal(sim_world_create(1, &world), 0);
        assert_int_equal(io_create_sim(world, &io), 0);
        unsigned failures = 0;
        while (open_all(io, failures + 1) == -ENOMEM)
                failures++;
        assert_true(failures > 8);
        assert_int_equal(open_all(io, 0), 0);
        sim_world_destroy(world);
}

static void a_port_in_use_is_said_so(void **state)
{
        (void)state;
        struct sim_world *world;
        struct io *io;
        struct sip_trunks *trunks;
        struct sip_ua *ua, *second = NULL;
        assert_int_equal(sim_world_create(1, &world), 0);
        assert_int_equal(io_create_sim(world, &io), 0);
        assert_int_equal(sip_trunks_create(io, &trunks), 0);
        struct sip_ua_params params = {
                .io = io,
                .trunks = trunks,
                .listen.udp.ip4 = {.family = 4, .port = 5060, .ip = {198, 51, 100, 1}},
                .legs_max = 4,
                .transactions_max = 16,
                .handler = &nobody,
        };
        assert_int_equal(sip_ua_create(&params, &ua), 0);
        assert_int_equal(sip_ua_create(&params, &second), -EADDRINUSE);
        assert_null(second);
        params.listen.udp.ip4.port = 5062;
        params.legs_max = UINT32_MAX;
        assert_int_equal(sip_ua_create(&params, &second), ERR_RANGE);
        assert_null(second);
        sip_ua_destroy(ua);
        sip_trunks_destroy(trunks);
        sim_world_destroy(world);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(opening_without_memory_fails_clean),
                cmocka_unit_test(a_port_in_use_is_said_so),
        };
        return RUN_TESTS(tests);
}
