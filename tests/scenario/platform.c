/* SPDX-License-Identifier: Apache-2.0 */
#include "platform.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../unit/unit.h"
#include "base/log.h"
#include "call/provision.h"
#include "sounds.h"

struct addr platform_addr(const char *text)
{
        struct addr a;
        assert_int_equal(addr_parse(slice_from(text), 0, &a), 0);
        return a;
}

/* ---- what leaves it ---- */

static bool holds(struct slice data, const char *text)
{
        return memmem(data.p, data.len, text, strlen(text)) != NULL;
}

/* In whatever form it is written, the national number is in it. */
static bool holds_number(struct slice data, uint64_t number)
{
        char digits[24];
        snprintf(digits, sizeof digits, "%010llu", (unsigned long long)(number % 10000000000));
        return holds(data, digits);
}

const struct addr *platform_sip(const struct platform *platform, uint8_t family)
{
        const struct addr *sip = family == 6 ? &platform->sip6 : &platform->sip;
        assert_int_equal(sip->family, family);
        return sip;
}

bool platform_is_at(const struct platform *platform, const struct addr *addr)
{
        return addr_equal_ip(addr, &platform->sip) ||
               (platform->sip6.family && addr_equal_ip(addr, &platform->sip6));
}

static bool is_at(const struct addr *to, const char *ip4, const char *ip6)
{
        const struct addr a = platform_addr(to->family == 6 ? ip6 : ip4);
        return addr_equal_ip(to, &a);
}

const char *platform_leak(const struct addr *to, struct slice data)
{
        if (!is_at(to, NORTH_IP, NORTH_IP6)) {
                if (holds_number(data, AGENT))
                        return "the agent's number";
                if (holds_number(data, STRANGER))
                        return "the stranger's number";
                if (holds(data, NORTH_IP) || holds(data, NORTH_IP6))
                        return "an address of north";
        }
        if (!is_at(to, SOUTH_IP, SOUTH_IP6)) {
                if (holds_number(data, CUSTOMER))
                        return "the customer's number";
                if (holds(data, SOUTH_IP) || holds(data, SOUTH_IP6))
                        return "an address of south";
        }
        return NULL;
}

static void mix(uint64_t *hash, const void *bytes, size_t len)
{
        const uint8_t *p = bytes;
        for (size_t i = 0; i < len; i++)
                *hash = (*hash ^ p[i]) * UINT64_C(0x100000001b3);
}

static uint32_t calls_max(const struct platform *platform)
{
        return platform->options.calls_max ? platform->options.calls_max : 16;
}

/* What is in the slots now is all that will be. */
static void die(struct platform *platform)
{
        size_t bytes = crash_record_bytes(calls_max(platform));
        platform->remains = malloc(bytes);
        assert_non_null(platform->remains);
        memcpy(platform->remains, platform->slots, bytes);
}

static void cut_off(struct platform *platform)
{
        sim_world_cut(platform->sim, &platform->sip, NULL);
        if (platform->sip6.family)
                sim_world_cut(platform->sim, &platform->sip6, NULL);
}

static void mend(struct platform *platform)
{
        sim_world_mend(platform->sim, &platform->sip, NULL);
        if (platform->sip6.family)
                sim_world_mend(platform->sim, &platform->sip6, NULL);
}

/* Once it is dead, nothing leaves it. */
static void count_down(struct platform *platform, const struct addr *from)
{
        bool is_ours = platform_is_at(platform, from);
        bool was_dead = platform->remains != NULL;
        bool is_last = !was_dead && is_ours && from->port == platform->sip.port &&
                       platform->messages_left > 0 && --platform->messages_left == 0;
        if (is_last)
                die(platform);
        if (!is_ours || !platform->remains || platform->is_cut)
                return;
        platform->is_cut = was_dead || platform->loses_last;
        if (platform->is_cut)
                cut_off(platform);
}

static void on_datagram(void *arg, const struct addr *from, const struct addr *to,
                        struct slice data)
{
        struct platform *platform = arg;
        count_down(platform, from);
        if (platform_is_at(platform, from)) {
                int64_t now_ms = sim_world_now_ms(platform->sim);
                mix(&platform->trace, &now_ms, sizeof now_ms);
                mix(&platform->trace, data.p, data.len);
                platform->datagrams++;
                const char *leak = platform_leak(to, data);
                platform->leaks += leak != NULL;
                if (leak && !platform->blind)
                        print_error("%s goes to %s:\n%.*s\n", leak, addr_format(to).text,
                                    SLICE_ARG(data));
        }
        if (platform->on_datagram)
                platform->on_datagram(platform->arg, from, to, data);
}

/* ---- its disk, and what a crash leaves ---- */

static void open_vault(struct platform *platform)
{
        char problem[512] = "";
        if (!platform->options.survives) {
                assert_int_equal(vault_create_memory(&platform->vault), 0);
                return;
        }
        assert_int_equal(data_dir_open(platform->data_path, &platform->data_dir, problem), 0);
        assert_int_equal(vault_open(platform->data_dir, &platform->vault, problem), 0);
}

static void make_survivable(struct platform *platform)
{
        if (!platform->options.survives)
                return;
        temporary_folder(platform->data_path, "platform");
        platform->slots = calloc(1, crash_record_bytes(calls_max(platform)));
        assert_non_null(platform->slots);
}

static void remove_data(struct platform *platform)
{
        if (!platform->options.survives)
                return;
        temporary_remove(platform->data_path);
        free(platform->slots);
}

static void open_crash_record(struct platform *platform)
{
        char problem[512];
        const struct crash_record_params params = {
                .directory = platform->directory,
                .random = io_random(platform->io),
                .memory = platform->slots,
                .calls_max = calls_max(platform),
        };
        if (platform->options.survives)
                assert_int_equal(crash_record_open(&params, &platform->crash, problem), 0);
}

/* ---- its floors ---- */

static void open_directory(struct platform *platform)
{
        open_vault(platform);
        const struct store_memory_params memory = {
                .io = platform->io,
                .vault = platform->vault,
                .disk = platform->disk,
                .commit_ms = platform->options.commit_ms,
        };
        assert_int_equal(store_memory_open(&memory, &platform->store), 0);

        const struct directory_params params = {.io = platform->io,
                                                .sessions_max = 64,
                                                .numbers_max = 16,
                                                .quarantine_ms = 7200000,
                                                .waiting_max = 128};
        char problem[512] = "";
        assert_int_equal(directory_open_on(&params, platform->vault, platform->store,
                                           &platform->directory, problem),
                         0);
}

static int64_t or_else(int64_t value, int64_t usual)
{
        return value ? value : usual;
}

static struct addr tls_addr(const struct addr *sip)
{
        struct addr addr = *sip;
        addr.port = sip->family ? PLATFORM_TLS_PORT : 0;
        return addr;
}

static void open_calls(struct platform *platform)
{
        const struct platform_options *options = &platform->options;
        const struct calls_params params = {
                .io = platform->io,
                .directory = platform->directory,
                .trunks = platform->trunks,
                .listen.udp = {platform->sip, platform->sip6},
                .listen.tcp = {platform->sip, platform->sip6},
                .listen.tls = {tls_addr(&platform->sip), tls_addr(&platform->sip6)},
                .tls = platform_tls(),
                .streams = {.connections_max = 32, .idle_ms = 600000, .keepalive_ms = 30000},
                .media = {platform->rtp, platform->sip6},
                .rtp_port_min = 20000,
                .rtp_port_max = 20199,
                .calls_max = calls_max(platform),
                .calls_per_s_max = (uint32_t)or_else(options->calls_per_s_max, 4),
                .same_pair_max = (uint32_t)or_else(options->same_pair_max, 2),
                .ring_timeout_ms = or_else(options->ring_timeout_ms, 45000),
                .call_ms_max = or_else(options->call_ms_max, 14400000),
                .media_timeout_ms = or_else(options->media_timeout_ms, 60000),
                .session_expires_s = (uint32_t)(or_else(options->session_timer_ms, 1800000) / 1000),
                .ringback = options->is_silent ? (struct media_sound){0}
                                               : sound_samples(SOUND_RINGBACK),
                .refusal = sound_samples(SOUND_ANNOUNCEMENT),
                .warning = sound_samples(SOUND_WARNING),
                .crash = platform->crash,
        };
        char problem[512] = "";
        int err = calls_create(&params, &platform->calls, problem);
        if (err)
                print_error("%s\n", problem);
        assert_int_equal(err, 0);
}

static void load_trunks(struct platform *platform)
{
        const struct trunk *trunk;
        for (uint32_t i = 0; (trunk = directory_trunk_at(platform->directory, i)); i++)
                assert_int_equal(provision_trunk(platform->directory, platform->trunks, trunk), 0);
}

static void open_all(struct platform *platform)
{
        open_directory(platform);
        assert_int_equal(sip_trunks_create(platform->io, &platform->trunks), 0);
        load_trunks(platform);
        open_crash_record(platform);
        open_calls(platform);
}

static void close_all(struct platform *platform)
{
        calls_destroy(platform->calls);
        sip_trunks_destroy(platform->trunks);
        directory_close(platform->directory);
        crash_record_close(platform->crash);
        data_dir_close(platform->data_dir);
}

struct platform *platform_create(const struct platform_options *options)
{
        log_set_level(LOG_ERROR);
        struct platform *platform = calloc(1, sizeof *platform);
        assert_non_null(platform);
        assert_int_equal(sim_world_create(options->seed, &platform->sim), 0);
        sim_world_set_network(platform->sim, &options->network);
        sim_world_on_datagram(platform->sim, on_datagram, platform);
        sim_world_on_stream(platform->sim, on_datagram, platform);
        assert_int_equal(io_create_sim(platform->sim, &platform->io), 0);
        platform->sip = platform_addr("127.0.0.1:5060");
        platform->rtp = platform_addr("127.0.0.1:0");
        if (options->speaks_ip6)
                platform->sip6 = platform_addr("[fd00::1]:5060");
        platform->options = *options;
        make_survivable(platform);
        assert_int_equal(store_memory_disk_create(&platform->disk), 0);
        open_all(platform);
        return platform;
}

/* A process that is killed closes nothing: it only gives its memory back. */
static void forget_process(struct platform *platform)
{
        struct sim_network network = platform->options.network;
        network.loss_permille = 1000;
        sim_world_set_network(platform->sim, &network);
        sim_world_on_datagram(platform->sim, NULL, NULL);
        store_memory_crash(platform->store);
        close_all(platform);
        platform->directory = NULL;
        io_destroy(platform->io);
        sim_world_on_datagram(platform->sim, on_datagram, platform);
        sim_world_set_network(platform->sim, &platform->options.network);
}

void platform_die_at(struct platform *platform, uint32_t nth, bool is_lost)
{
        assert_true(platform->options.survives);
        platform->messages_left = nth;
        platform->loses_last = is_lost;
}

bool platform_is_dead(const struct platform *platform)
{
        return platform->remains != NULL;
}

void platform_crash(struct platform *platform, int64_t gap_ms)
{
        assert_true(platform->options.survives);
        if (!platform->remains)
                die(platform);
        forget_process(platform);
        memcpy(platform->slots, platform->remains, crash_record_bytes(calls_max(platform)));
        free(platform->remains);
        platform->remains = NULL;
        platform->is_cut = false;
        mend(platform);

        sim_world_run_ms(platform->sim, gap_ms);
        assert_int_equal(io_create_sim(platform->sim, &platform->io), 0);
        if (platform->on_begin)
                platform->on_begin(platform->arg);
        open_all(platform);
}

bool platform_is_quiet(const struct platform *platform)
{
        struct calls_counters counters;
        calls_counters(platform->calls, &counters);
        return calls_active(platform->calls) == 0 && counters.sip.legs == 0 &&
               counters.sip.transactions == 0;
}

void platform_destroy(struct platform *platform, bool should_be_quiet)
{
        struct calls_counters counters;
        calls_counters(platform->calls, &counters);
        if (should_be_quiet) {
                assert_true(platform_is_quiet(platform));
                assert_int_equal(counters.media_legs, 0);
                assert_int_equal(counters.rtp_ports_free, 2 * calls_max(platform));
                assert_int_equal(counters.messages_kept, 0);
                assert_int_equal(counters.pairs, 0);
                assert_int_equal(counters.crash_slots, 0);
        }
        close_all(platform);
        remove_data(platform);
        store_memory_disk_destroy(platform->disk);
        sim_world_destroy(platform->sim);
        free(platform);
}

/* ---- what is provisioned ---- */

static void on_done(void *arg, int err)
{
        (void)arg;
        assert_int_equal(err, 0);
}

struct trunk platform_trunk(const char *name, const struct addr *peer, const char *source)
{
        struct trunk trunk = {
                .tenant_id = 1,
                .source_count = 1,
                .peer_port = peer->port,
                .number_form = NUMBER_PLUS,
                .plan = {"91", "00", "0", 10, 10},
                .announcements_max = 10,
                .failover_ms = TRUNK_FAILOVER_MS_DEFAULT,
        };
        snprintf(trunk.name, sizeof trunk.name, "%s", name);
        snprintf(trunk.peer_host, sizeof trunk.peer_host, "%s", addr_format_ip(peer).text);
        assert_int_equal(addr_prefix_parse(slice_from(source), &trunk.sources[0].prefix), 0);
        return trunk;
}

void platform_seal(struct platform *platform, struct trunk *trunk, const char *password,
                   const char *lines)
{
        assert_int_equal(directory_trunk_seal(platform->directory, trunk, slice_from(password)), 0);
        assert_int_equal(
                directory_trunk_seal_headers(platform->directory, trunk, slice_from(lines)), 0);
}

void platform_add_trunk(struct platform *platform, struct trunk *trunk)
{
        assert_int_equal(directory_trunk_add(platform->directory, trunk, on_done, NULL), 0);
        assert_int_equal(provision_trunk(platform->directory, platform->trunks, trunk), 0);
}

void platform_change_trunk(struct platform *platform, const struct trunk *trunk)
{
        assert_int_equal(directory_trunk_change(platform->directory, trunk, on_done, NULL), 0);
        assert_int_equal(provision_trunk(platform->directory, platform->trunks, trunk), 0);
}

void platform_add_number(struct platform *platform, uint64_t number, uint32_t trunk_id)
{
        const struct number_row row = {
                {{number}}, .tenant_id = 1, .trunk_id = trunk_id, .pool_id = 1};
        assert_int_equal(directory_number_add(platform->directory, &row, on_done, NULL), 0);
}

void platform_remove_number(struct platform *platform, uint64_t number)
{
        const struct masking_number removed = {{number}};
        assert_int_equal(directory_number_remove(platform->directory, removed, on_done, NULL), 0);
}

uint64_t platform_session(struct platform *platform, uint64_t a, uint64_t b, uint64_t a_dials,
                          uint64_t b_dials, int64_t expires_in_ms)
{
        const struct session_create create = {
                .tenant_id = 1,
                .parties = {{.real = {{{a}}}, .real_count = 1}, {.real = {{{b}}}, .real_count = 1}},
                .party_count = 2,
                .given = {{{a_dials}}, {{b_dials}}},
                .expires_ms = expires_in_ms ? io_wall_ms(platform->io) + expires_in_ms : 0,
        };
        struct session_view view;
        bool repeated;
        int err = directory_session_create(platform->directory, &create, &view, &repeated, NULL,
                                           on_done, NULL);
        if (err == ERR_CONFLICT)
                return 0;
        assert_int_equal(err, 0);
        return view.id;
}

void platform_end_session(struct platform *platform, uint64_t session)
{
        assert_int_equal(directory_session_end(platform->directory, session, on_done, NULL), 0);
}

struct rows {
        struct cdr cdrs[64];
        uint32_t count;
};

static void on_cdrs(void *arg, int err, const struct cdr *cdrs, uint32_t count)
{
        struct rows *rows = arg;
        assert_int_equal(err, 0);
        memcpy(rows->cdrs, cdrs, count * sizeof *cdrs);
        rows->count = count;
}

static bool is_same_call(const struct cdr *a, const struct cdr *b)
{
        return memcmp(&a->call_id, &b->call_id, sizeof a->call_id) == 0;
}

/* Rows come newest first. */
static const struct cdr *find_call(const struct rows *rows, unsigned nth)
{
        if (nth == 0)
                return rows->count ? &rows->cdrs[0] : NULL;
        for (uint32_t i = rows->count; i > 0; i--) {
                const struct cdr *row = &rows->cdrs[i - 1];
                bool is_known = false;
                for (uint32_t other = i; other < rows->count; other++)
                        is_known |= is_same_call(row, &rows->cdrs[other]);
                if (!is_known && --nth == 0)
                        return row;
        }
        return NULL;
}

struct records platform_records(struct platform *platform, unsigned nth)
{
        struct records records = {0};
        struct rows *rows = calloc(1, sizeof *rows);
        assert_non_null(rows);
        assert_int_equal(directory_cdrs_list(platform->directory, 0, false, 0, 64, on_cdrs, rows),
                         0);
        sim_world_run_ms(platform->sim, 10 + platform->options.commit_ms);
        const struct cdr *call = find_call(rows, nth);
        for (uint32_t i = 0; call && i < rows->count; i++) {
                const struct cdr *row = &rows->cdrs[i];
                if (!is_same_call(row, call))
                        continue;
                assert_false(records.has[row->leg]); /* one record per leg, once */
                records.legs[row->leg] = *row;
                records.has[row->leg] = true;
                records.count++;
        }
        free(rows);
        return records;
}

static void count_cdrs(void *arg, int err, const struct cdr *rows, uint32_t count)
{
        (void)rows;
        assert_int_equal(err, 0);
        *(uint32_t *)arg = count;
}

uint32_t platform_records_count(struct platform *platform)
{
        uint32_t count = 0;
        assert_int_equal(
                directory_cdrs_list(platform->directory, 0, false, 0, 1000, count_cdrs, &count), 0);
        sim_world_run_ms(platform->sim, 10 + platform->options.commit_ms);
        return count;
}
