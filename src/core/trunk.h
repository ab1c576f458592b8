/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trunk.h - a SIP connection to a carrier, as it is provisioned.
 */
#ifndef MASKLINE_CORE_TRUNK_H
#define MASKLINE_CORE_TRUNK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/number.h"
#include "core/trunk_template.h"
#include "core/trunk_tolerance.h"

#define TRUNK_NAME_BYTES  32
#define TRUNK_HOST_BYTES  256
#define TRUNK_SOURCES_MAX 8
#define TRUNKS_MAX        256

/* With the NUL. What is written between quotes holds neither quote nor backslash. */
#define TRUNK_USERNAME_BYTES 65
#define TRUNK_PASSWORD_BYTES 65
#define TRUNK_REALM_BYTES    65
#define TRUNK_SEALED_BYTES   (TRUNK_PASSWORD_BYTES - 1 + 41) /* VAULT_SEAL_EXTRA */

#define TRUNK_REGISTER_S_DEFAULT 3600
#define TRUNK_REGISTER_S_MIN     60
#define TRUNK_REGISTER_S_MAX     86400

#define TRUNK_OVERFLOW_MAX 4

#define TRUNK_FAILOVER_MS_DEFAULT 4000
#define TRUNK_FAILOVER_MS_MIN     500
#define TRUNK_FAILOVER_MS_MAX     32000
#define TRUNK_QUEUE_MS_MAX        30000

#define TRUNK_OPTIONS_S_DEFAULT 60
#define TRUNK_OPTIONS_S_MIN     10
#define TRUNK_OPTIONS_S_MAX     3600

/* Which header names the caller (RFC 3325 says when P-Asserted-Identity may be believed). */
enum trunk_caller_from {
        TRUNK_CALLER_FROM_FROM,
        TRUNK_CALLER_FROM_ASSERTED, /* trusted trunk: P-Asserted-Identity, else From */
};

enum trunk_dialled_from {
        TRUNK_DIALLED_FROM_REQUEST_URI,
        TRUNK_DIALLED_FROM_TO,
};

/* How requests go to the peer. */
enum trunk_transport {
        TRUNK_UDP,
        TRUNK_TCP,
        TRUNK_TLS,  /* and nothing that comes by another way is believed */
        TRUNK_AUTO, /* as DNS says (RFC 3263 4.1); UDP when it does not */
        TRUNK_TRANSPORTS,
};

struct trunk_source {
        struct addr_prefix prefix;
        uint16_t port; /* 0: any */
};

struct trunk {
        uint32_t id; /* assigned by the store, from 1 */
        uint32_t tenant_id;
        char name[TRUNK_NAME_BYTES]; /* [a-z0-9-], unique per tenant */

        /* Inbound: where its requests and media come from. */
        struct trunk_source sources[TRUNK_SOURCES_MAX];
        uint8_t source_count;
        enum trunk_caller_from caller_from;
        enum trunk_dialled_from dialled_from;

        /* Outbound: where requests go. A name is resolved when it is added and again later. */
        char peer_host[TRUNK_HOST_BYTES]; /* IP address or host name */
        uint16_t peer_port;               /* 0: 5060, with TLS 5061 */
        enum trunk_transport transport;
        /* Whose certificate a client must show on TLS connections that come in; empty: none. */
        char client_domain[TRUNK_HOST_BYTES];
        enum number_form number_form; /* how numbers are written towards it */
        bool send_asserted;           /* P-Asserted-Identity with the masking number */

        /*
         * Digest credentials. The password is in here only sealed, under a key that the vault knows
         * as `password_key`; 0: there is none.
         */
        char username[TRUNK_USERNAME_BYTES]; /* empty: none */
        char realm[TRUNK_REALM_BYTES];       /* the only one that is answered; empty: any */
        uint64_t password_key;
        uint8_t password_bytes;
        uint8_t password[TRUNK_SEALED_BYTES];
        bool registers;      /* at the peer, as the user name */
        uint32_t register_s; /* for how long it asks to be registered */

        uint32_t options_s; /* so often its targets are asked whether they are there; 0: never */
        /* So long a call waits for any answer, where it can still go elsewhere. */
        uint32_t failover_ms;
        bool follows_redirects; /* to its own addresses (sip/sip_redirect.h); else refused */
        /* Other trunks of the tenant's that may carry its calls, the first of them first. */
        uint32_t overflow[TRUNK_OVERFLOW_MAX];
        uint8_t overflow_count;
        uint32_t tolerates;            /* bits of enum trunk_tolerance */
        struct trunk_template writing; /* how it wants to be told who calls and is called */

        /* NAT: addresses in Via, Contact and SDP; where there is none of a family, the local one. */
        struct addr_pair advertised;
        struct number_plan plan;
        uint32_t channels_max;      /* calls at once; 0: no limit of its own */
        uint32_t calls_per_s;       /* 0: no limit of its own */
        uint32_t queue_ms;          /* so long a call that we make waits for calls_per_s; 0: not */
        uint32_t announcements_max; /* refused callers listening at once; past it: plain 603 */

        /* What its carrier stumbles over. */
        bool no_session_timer; /* neither asked for nor agreed to (RFC 4028) */
        bool no_prack;         /* we do not say that reliable answers are welcome (RFC 3262) */
};

/* Two trunks may not claim the same source: an overlap is an error when it is provisioned. */
bool trunk_sources_overlap(const struct trunk *a, const struct trunk *b);
bool trunk_has_source(const struct trunk *trunk, const struct addr *source);

#endif
