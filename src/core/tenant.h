/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tenant.h - whom an installation serves, and the keys by which they ask its API.
 */
#ifndef MASKLINE_CORE_TENANT_H
#define MASKLINE_CORE_TENANT_H

#include <stdint.h>

#include "base/slice.h"

#define TENANT_DEFAULT    1  /* is always there */
#define TENANT_NAME_BYTES 32 /* with the NUL; [a-z0-9-] */
#define TENANTS_MAX       1024

struct tenant {
        uint32_t id; /* from 1; never given out twice */
        char name[TENANT_NAME_BYTES];
        int64_t created_ms; /* 0: with the installation */
        int64_t removed_ms; /* 0: it is there */
};

#define API_KEY_NAME_BYTES 64 /* with the NUL */
#define API_KEY_HASH_BYTES 32
#define API_KEYS_MAX       4096 /* of all */
#define API_KEYS_OF_TENANT 256  /* and as many are left to the keys of no tenant */

/* What a key may do. On disk: bits never change their meaning. */
enum api_scope {
        SCOPE_PROVISION = 1, /* trunks, numbers, keys */
        SCOPE_READ = 2,      /* look at all of it */
        SCOPE_OPERATE = 4,   /* sessions and calls */
        SCOPE_AUDIT = 8,     /* the audit record and events */
        SCOPE_PRIVACY = 16,  /* all that is held of one person: told, and erased */
};
#define SCOPES_ALL  31u
#define SCOPE_COUNT 5

struct api_key {
        uint64_t id;        /* from 1; never given out twice */
        uint32_t tenant_id; /* 0: every tenant, and what belongs to none */
        char name[API_KEY_NAME_BYTES];
        uint32_t scopes; /* bits of enum api_scope */
        int64_t created_ms;
        int64_t expires_ms; /* 0: never */
        int64_t revoked_ms; /* 0: it holds */
        int64_t used_ms;    /* 0: never; at most an hour behind */
        uint8_t hash[API_KEY_HASH_BYTES];
};

/* "provision", "read", "operate", "audit", "privacy"; bit 1 << `i`. */
const char *api_scope_name(unsigned i);

/* ERR_SYNTAX: no such scope. */
int api_scope_parse(struct slice text, uint32_t *out) MUST_CHECK;

#endif
