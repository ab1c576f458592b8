/* SPDX-License-Identifier: Apache-2.0 */
/*
 * platform.h - a whole Maskline on a simulated network: everything below api/, in one process,
 * without a real clock. Who telephones through it comes from elsewhere.
 *
 *     agent, stranger  --  north (127.0.0.11) --  Maskline  --  south (127.0.0.12)  --  customer
 *                          owns M1                127.0.0.1     owns M2
 *
 * With `speaks_ip6` it is at fd00::1 as well, and either side may be at an IPv6 address of its own.
 *
 * Every datagram that leaves it is searched for what its receiver must not see.
 */
#ifndef MASKLINE_TESTS_SCENARIO_PLATFORM_H
#define MASKLINE_TESTS_SCENARIO_PLATFORM_H

#include "../unit/temporary.h"
#include "call/calls.h"
#include "call/crash_record.h"
#include "io/io_sim.h"
#include "store/store_memory.h"

#define AGENT    UINT64_C(919888800001)
#define CUSTOMER UINT64_C(919888800002)
#define STRANGER UINT64_C(919888800003)
#define M1       UINT64_C(919000000001)
#define M2       UINT64_C(919000000002)

#define NORTH_IP "127.0.0.11"
#define SOUTH_IP "127.0.0.12"

#define NORTH_IP6 "fd00::b11"
#define SOUTH_IP6 "fd00::b12"

struct platform_options {
        uint64_t seed;
        struct sim_network network;
        uint32_t calls_max;       /* 0: 16 */
        uint32_t calls_per_s_max; /* 0: 4 */
        uint32_t same_pair_max;   /* 0: 2 */
        int64_t ring_timeout_ms;  /* 0: 45,000 */
        int64_t call_ms_max;      /* 0: 14,400,000 */
        int64_t media_timeout_ms; /* 0: 60,000 */
        int64_t session_timer_ms; /* 0: 1,800,000; less than 1,000: none is asked for */
        bool is_silent;           /* it has no ringback to play */
        bool speaks_ip6;          /* beside IPv4 */
        bool survives;            /* platform_crash() may be called */
        /* Of flows: of all trunks and peers; UDP: as each says. TLS is listened for in any case. */
        enum trunk_transport transport;
        int64_t commit_ms; /* how long the disk takes; 0: not until the next turn */
};

struct platform {
        struct platform_options options;
        struct sim_world *sim;
        struct io *io;
        struct vault *vault;
        struct store_memory_disk *disk;
        struct store *store;         /* the directory's */
        struct directory *directory; /* NULL: between two processes */
        struct sip_trunks *trunks;
        struct calls *calls;
        struct addr sip, rtp;
        struct addr sip6; /* family 0: it speaks IPv4 alone */
        /* When it survives: its key files, and what a crash leaves of the calls. */
        char data_path[TEMPORARY_BYTES];
        struct data_dir *data_dir;
        void *slots;
        struct crash_record *crash;
        /* platform_die_at(): how many SIP messages are left to it, and what was left when it died. */
        uint32_t messages_left;
        bool loses_last, is_cut;
        void *remains;
        uint32_t leaks;     /* datagrams that held what their receiver must not see */
        uint32_t datagrams; /* that left it */
        uint64_t trace;     /* a hash over all of them, times included */
        bool blind;         /* count leaks, do not print them */

        /* When it has begun, or begun again, and knows nobody yet: what DNS says. May be NULL. */
        void (*on_begin)(void *arg);
        /* All that goes over the network, in both directions; may be NULL. */
        sim_trace_fn *on_datagram;
        void *arg;
};

#define PLATFORM_TLS_PORT 5061
/* Everybody's certificate, and whom everybody trusts. */
const struct tls_context *platform_tls(void);

struct addr platform_addr(const char *text); /* asserts that it is one */
/* Where it listens for SIP in this family; asserts that it does. */
const struct addr *platform_sip(const struct platform *platform, uint8_t family);
bool platform_is_at(const struct platform *platform, const struct addr *addr); /* ports aside */

struct platform *platform_create(const struct platform_options *options);
/* Asserts that nothing is left in it, when it should be quiet. */
void platform_destroy(struct platform *platform, bool should_be_quiet);
/*
 * Kills it, with everything but key files, disk and crash record, and starts it again `gap_ms`
 * later. Until then nobody has its ports.
 */
void platform_crash(struct platform *platform, int64_t gap_ms);
/*
 * It dies within a turn, when its n-th SIP message from now has left (1: the next one), or, `is_lost`,
 * just before that: what it writes and sends after it never was. platform_is_dead() says when it is
 * time for platform_crash(). Said before a crash, it holds for the process that comes next.
 */
void platform_die_at(struct platform *platform, uint32_t nth, bool is_lost);
bool platform_is_dead(const struct platform *platform);
bool platform_is_quiet(const struct platform *platform); /* no call, leg or transaction */

/* A trunk as most are. */
struct trunk platform_trunk(const char *name, const struct addr *peer, const char *source);
void platform_add_trunk(struct platform *platform, struct trunk *trunk); /* its id is assigned */
/* Of a trunk that is about to be added: its password, and lines that INVITEs to it get. */
void platform_seal(struct platform *platform, struct trunk *trunk, const char *password,
                   const char *lines);
void platform_change_trunk(struct platform *platform, const struct trunk *trunk);
void platform_add_number(struct platform *platform, uint64_t number, uint32_t trunk_id);
void platform_remove_number(struct platform *platform, uint64_t number);

/* The session's id; 0: a number is taken for its party. `expires_in_ms` 0: never. */
uint64_t platform_session(struct platform *platform, uint64_t a, uint64_t b, uint64_t a_dials,
                          uint64_t b_dials, int64_t expires_in_ms);
void platform_end_session(struct platform *platform, uint64_t session);

/* The records of the call that began last, or (`nth` from 1) of the first, the second ... */
struct records {
        struct cdr legs[2];
        uint32_t count;
        bool has[2];
};
struct records platform_records(struct platform *platform, unsigned nth);
uint32_t platform_records_count(struct platform *platform); /* of all calls */

/* What contradicts itself inside, in words, when nothing is under way; NULL: nothing. */
const char *platform_contradiction(const struct platform *platform);
/* What it still holds after the last call, in words; NULL: nothing. */
const char *platform_leftover(const struct platform *platform);
/* What of it its receiver must not see, in words; NULL: nothing. */
const char *platform_leak(const struct addr *to, struct slice data);

#endif
