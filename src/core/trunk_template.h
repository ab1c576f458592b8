/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trunk_template.h - how a carrier wants to be told who calls and who is called.
 *
 * Carriers differ in what From, P-Asserted-Identity, To and Request-URI hold and how numbers are
 * written there. All of it is configuration and two typed numbers of the call: the one to ring and
 * the one to show. All zero is what most carriers take: the trunk's number form everywhere, our own
 * address in From, nothing added.
 */
#ifndef MASKLINE_CORE_TRUNK_TEMPLATE_H
#define MASKLINE_CORE_TRUNK_TEMPLATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/number.h"
#include "base/slice.h"

/* With the NUL. */
#define TRUNK_DOMAIN_BYTES  128
#define TRUNK_DISPLAY_BYTES 33
#define TRUNK_PREFIX_BYTES  17

/* Headers that each INVITE to the carrier gets, as lines; sealed, since they may hold a token. */
#define TRUNK_HEADERS_MAX        4
#define TRUNK_HEADER_NAME_BYTES  41
#define TRUNK_HEADER_VALUE_BYTES 129
#define TRUNK_HEADERS_BYTES                                                                        \
        (TRUNK_HEADERS_MAX * (TRUNK_HEADER_NAME_BYTES - 1 + TRUNK_HEADER_VALUE_BYTES - 1 + 4))
#define TRUNK_HEADERS_SEALED_BYTES (TRUNK_HEADERS_BYTES + 41) /* VAULT_SEAL_EXTRA */

/* Where a number is written; each has its own form. */
enum trunk_place {
        TRUNK_PLACE_FROM,
        TRUNK_PLACE_ASSERTED,
        TRUNK_PLACE_TO,
        TRUNK_PLACE_REQUEST_URI,
        TRUNK_PLACES,
};

/* Which of our own names stands in a place. */
enum trunk_who {
        TRUNK_WHO_SHOWN,    /* the masking number that the called party is to see */
        TRUNK_WHO_PILOT,    /* the carrier's own number for this trunk */
        TRUNK_WHO_USERNAME, /* the account's user name; From only */
};

enum trunk_privacy {
        TRUNK_PRIVACY_ABSENT,
        TRUNK_PRIVACY_NONE, /* "Privacy: none": the number is to be shown */
        TRUNK_PRIVACY_ID,   /* "Privacy: id" and an anonymous From (RFC 3323, 3325) */
};

enum trunk_charge {
        TRUNK_CHARGE_ABSENT,
        TRUNK_CHARGE_SHOWN, /* P-Charge-Info (RFC 8496) with the number shown, */
        TRUNK_CHARGE_PILOT, /* with the pilot number */
};

enum trunk_domain {
        TRUNK_DOMAIN_OWN,  /* our own address and port */
        TRUNK_DOMAIN_PEER, /* the peer's host */
        TRUNK_DOMAIN_NAMED,
};

struct trunk_template {
        uint8_t forms[TRUNK_PLACES]; /* enum number_form + 1; 0: the trunk's number_form */
        enum trunk_who from_user, asserted_user;
        struct masking_number pilot;       /* none: there is none */
        enum trunk_domain domain;          /* of From, the asserted identity and P-Charge-Info */
        char named[TRUNK_DOMAIN_BYTES];    /* TRUNK_DOMAIN_NAMED */
        char display[TRUNK_DISPLAY_BYTES]; /* name in From; empty: none */
        enum trunk_privacy privacy;
        enum trunk_charge charge;
        bool user_phone;                         /* ";user=phone" behind each number */
        char request_prefix[TRUNK_PREFIX_BYTES]; /* in front of the number in the Request-URI */

        /* Inbound: what stands in front of a number and is no part of it. */
        char caller_prefix[TRUNK_PREFIX_BYTES], dialled_prefix[TRUNK_PREFIX_BYTES];

        /* Under a key that the vault knows as `headers_key`; 0: there are none. */
        uint64_t headers_key;
        uint16_t headers_bytes;
        uint8_t headers[TRUNK_HEADERS_SEALED_BYTES];
};

/* The form of numbers in this place, on a trunk with that form. */
enum number_form trunk_template_form(const struct trunk_template *writing, enum trunk_place place,
                                     enum number_form of_trunk);

/* Digits, '*' and '#', a '+' before them or none: what can be dialled in front of a number. */
bool trunk_template_is_prefix(struct slice text);
/* Printable ASCII that needs no escape between quotes, without what could be a number. */
bool trunk_template_is_display(struct slice text);
/* A host name or an IP address, as it may stand behind an "@". */
bool trunk_template_is_domain(struct slice text);

/* Why a header cannot be added; NULL: it can. */
const char *trunk_template_header_problem(struct slice name, struct slice value);

/*
 * Whether the parts fit each other: the called party's side must be able to see the number that is
 * shown, unless it is hidden on purpose. NULL, or what is wrong; `field` gets the name of what to
 * change as REST and CLI spell it.
 */
const char *trunk_template_problem(const struct trunk_template *writing, bool sends_asserted,
                                   bool has_username, const char **field);

#endif
