/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sqlite_columns.h - the values of one row, one after the other: for sqlite_write.c and
 * sqlite_get.c, which take the columns in the same order.
 */
#ifndef MASKLINE_STORE_SQLITE_COLUMNS_H
#define MASKLINE_STORE_SQLITE_COLUMNS_H

#define TRUNK_TEMPLATE_COLUMNS                                                                     \
        "from_form, asserted_form, to_form, request_form, from_user, asserted_user, pilot, "       \
        "domain, domain_name, display, privacy, charge, user_phone, request_prefix, "              \
        "caller_prefix, dialled_prefix, headers_key, headers, tolerates"
#define TRUNK_COLUMNS                                                                               \
        "id, tenant_id, name, sources, caller_from, dialled_from, peer_host, peer_port, "           \
        "number_form, send_asserted, advertised, plan_country, plan_international, "                \
        "plan_national, plan_digits_min, plan_digits_max, channels_max, calls_per_s, "              \
        "announcements_max, username, realm, password_key, password, registers, register_s, "       \
        "options_s, failover_ms, queue_ms, overflow, session_timer, prack, " TRUNK_TEMPLATE_COLUMNS \
        ", transport, client_domain, follows_redirects"
#define TENANT_COLUMNS "id, name, created_ms, removed_ms"
#define KEY_COLUMNS    "id, tenant_id, name, scopes, created_ms, expires_ms, revoked_ms, used_ms, hash"
#define POOL_COLUMNS   "tenant_id, id, name, policy"
#define BLOCK_COLUMNS  "tenant_id, one, other, created_ms"
#define NUMBER_COLUMNS                                                                             \
        "e164, tenant_id, trunk_id, pool_id, country, area, capabilities, reserved, frozen, tags"
#define SESSION_COLUMNS                                                                            \
        "id, tenant_id, pool_id, state, created_ms, starts_ms, expires_ms, ended_ms, fixed_ms, "   \
        "sliding_ms, origin, key_slot, reference, sealed"
#define USE_COLUMNS   "used"
#define GRAVE_COLUMNS "session_id, part, tenant_id, key_slot, sealed"
#define CDR_COLUMNS                                                                                \
        "tenant_id, call_id, leg_id, leg, trunk_id, session_id, party, number, party_hint, "       \
        "verdict, started_ms, ringing_ms, answered_ms, ended_ms, cause, source, sip_status, "      \
        "packets_in, packets_out, packets_lost, jitter_ms_x10, attempts"
#define AUDIT_COLUMNS "sequence, tenant_id, at_ms, kind, body, hash"

/* The entry with the highest sequence. */
#define LAST_AUDIT "SELECT " AUDIT_COLUMNS " FROM audit ORDER BY sequence DESC LIMIT 1"

/* Room for every source of a trunk as text, and for the trunks that it overflows to. */
#define TRUNK_SOURCES_TEXT  (TRUNK_SOURCES_MAX * 64)
#define TRUNK_OVERFLOW_TEXT (TRUNK_OVERFLOW_MAX * 11)
/* And for what a leg has tried. */
#define CDR_ATTEMPTS_TEXT   (CDR_ATTEMPTS_MAX * (ADDR_TEXT_MAX + 32))

#endif
