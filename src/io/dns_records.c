/* SPDX-License-Identifier: Apache-2.0 */
#include "io/dns_records.h"

#include <ares.h>
#include <arpa/nameser.h>
#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <string.h>

#define HEADER_BYTES  12
#define LABEL_MAX     63
#define POINTER_BITS  0xc0 /* of the first byte, when the rest of a name is elsewhere */
#define QUESTION_TAIL 4    /* type and class */
#define RECORD_FIXED  10   /* type, class, TTL, length */

static bool is_name_char(char c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_';
}

int dns_read_name(struct slice text, char out[DNS_NAME_MAX + 1])
{
        size_t label = 0;
        if (text.len > 1 && text.p[text.len - 1] == '.')
                text.len--;
        if (!text.len || text.len > DNS_NAME_MAX)
                return ERR_SYNTAX;
        for (size_t i = 0; i < text.len; i++) {
                if (text.p[i] == '.' && label) {
                        label = 0;
                        continue;
                }
                if (!is_name_char(text.p[i]) || ++label > LABEL_MAX)
                        return ERR_SYNTAX;
        }
        return label ? slice_to_text(text, out, DNS_NAME_MAX + 1) : ERR_SYNTAX;
}

uint32_t dns_clamp_ttl(uint32_t ttl_s)
{
        if (ttl_s < DNS_TTL_MIN_S)
                return DNS_TTL_MIN_S;
        return ttl_s > DNS_TTL_MAX_S ? DNS_TTL_MAX_S : ttl_s;
}

/* The TTL, which c-ares leaves out of these records. */

static unsigned be16(const char *p)
{
        return (unsigned)(uint8_t)p[0] << 8 | (uint8_t)p[1];
}

static bool skip(struct slice *s, size_t bytes)
{
        if (bytes > s->len)
                return false;
        s->p += bytes;
        s->len -= bytes;
        return true;
}

static bool skip_name(struct slice *s)
{
        while (s->len) {
                uint8_t head = (uint8_t)s->p[0];
                if ((head & POINTER_BITS) == POINTER_BITS)
                        return skip(s, 2);
                if (head & POINTER_BITS || !skip(s, 1 + (size_t)head))
                        return false;
                if (!head)
                        return true;
        }
        return false;
}

/* The record at `s`, which moves behind it. */
static bool read_record(struct slice *s, unsigned *type, uint32_t *ttl_s)
{
        if (!skip_name(s) || s->len < RECORD_FIXED)
                return false;
        *type = be16(s->p);
        *ttl_s = (uint32_t)be16(s->p + 4) << 16 | be16(s->p + 6);
        /* RFC 2181 8: with the first bit set it counts as zero. */
        if (*ttl_s > INT32_MAX)
                *ttl_s = 0;
        return skip(s, RECORD_FIXED + be16(s->p + 8));
}

/* The least TTL of the answer, those of aliases on the way included. */
static bool read_ttl(struct slice message, uint32_t *out)
{
        struct slice s = message;
        if (!skip(&s, HEADER_BYTES))
                return false;
        unsigned questions = be16(message.p + 4), answers = be16(message.p + 6), type;
        uint32_t least = DNS_TTL_MAX_S, ttl_s;
        for (unsigned i = 0; i < questions; i++) {
                if (!skip_name(&s) || !skip(&s, QUESTION_TAIL))
                        return false;
        }
        for (unsigned i = 0; i < answers; i++) {
                if (!read_record(&s, &type, &ttl_s))
                        return false;
                if (ttl_s < least)
                        least = ttl_s;
        }
        *out = dns_clamp_ttl(least);
        return true;
}

/* The records. */

static bool take_target(const char *text, char out[DNS_NAME_MAX + 1])
{
        struct slice name = slice_from(text);
        if (!name.len || slice_equal(name, SLICE("."))) {
                memcpy(out, ".", 2);
                return true;
        }
        return dns_read_name(name, out) == 0;
}

static void add_srv(struct dns_records *out, const struct ares_srv_reply *reply)
{
        struct dns_srv *srv = &out->srv[out->count];
        if (!take_target(reply->host, srv->target))
                return;
        srv->priority = reply->priority;
        srv->weight = reply->weight;
        srv->port = reply->port;
        out->count++;
}

static void add_naptr(struct dns_records *out, const struct ares_naptr_reply *reply)
{
        struct dns_naptr *naptr = &out->naptr[out->count];
        if (reply->regexp[0] ||
            slice_to_text(slice_from((const char *)reply->flags), naptr->flags,
                          sizeof naptr->flags) ||
            slice_to_text(slice_from((const char *)reply->service), naptr->service,
                          sizeof naptr->service) ||
            dns_read_name(slice_from(reply->replacement), naptr->replacement))
                return;
        naptr->order = reply->order;
        naptr->preference = reply->preference;
        out->count++;
}

static int decode_srv(struct slice message, struct dns_records *out)
{
        struct ares_srv_reply *replies = NULL;
        int status =
                ares_parse_srv_reply((const unsigned char *)message.p, (int)message.len, &replies);
        for (const struct ares_srv_reply *r = replies; r && out->count < DNS_RECORDS_MAX;
             r = r->next)
                add_srv(out, r);
        ares_free_data(replies);
        return status;
}

static int decode_naptr(struct slice message, struct dns_records *out)
{
        struct ares_naptr_reply *replies = NULL;
        int status = ares_parse_naptr_reply((const unsigned char *)message.p, (int)message.len,
                                            &replies);
        for (const struct ares_naptr_reply *r = replies; r && out->count < DNS_RECORDS_MAX;
             r = r->next)
                add_naptr(out, r);
        ares_free_data(replies);
        return status;
}

int dns_records_decode(enum dns_kind kind, struct slice message, struct dns_records *out)
{
        struct dns_records records = {.kind = kind};
        if (message.len > UINT16_MAX || !read_ttl(message, &records.ttl_s))
                return ERR_SYNTAX;
        int status =
                kind == DNS_SRV ? decode_srv(message, &records) : decode_naptr(message, &records);
        if (status == ARES_ENOMEM)
                return -ENOMEM;
        if (status != ARES_SUCCESS && status != ARES_ENODATA)
                return ERR_SYNTAX;
        if (!records.count)
                return ERR_NOT_FOUND;
        *out = records;
        return 0;
}

/* Their order. */

static void swap_srv(struct dns_srv *a, struct dns_srv *b)
{
        struct dns_srv kept = *a;
        *a = *b;
        *b = kept;
}

/* By priority; within one, those without weight first (RFC 2782, "Weight"). */
static bool srv_goes_before(const struct dns_srv *a, const struct dns_srv *b)
{
        if (a->priority != b->priority)
                return a->priority < b->priority;
        return !a->weight && b->weight;
}

/* Insertion, since it keeps what is equal as it came. */
static void sort_srv(struct dns_records *r)
{
        for (unsigned i = 1; i < r->count; i++) {
                for (unsigned j = i; j && srv_goes_before(&r->srv[j], &r->srv[j - 1]); j--)
                        swap_srv(&r->srv[j], &r->srv[j - 1]);
        }
}

/* Of `count` records with one priority: the first whose running sum reaches a random number. */
static unsigned choose_by_weight(const struct dns_srv *srv, unsigned count, struct random *random)
{
        uint32_t sum = 0, running = 0;
        for (unsigned i = 0; i < count; i++)
                sum += srv[i].weight;
        uint32_t chosen = random_below(random, sum + 1);
        for (unsigned i = 0; i < count; i++) {
                running += srv[i].weight;
                if (running >= chosen)
                        return i;
        }
        return 0;
}

void dns_srv_order(struct dns_records *r, struct random *random)
{
        assert(r->kind == DNS_SRV);
        sort_srv(r);
        for (unsigned i = 0; i < r->count; i++) {
                unsigned alike = 1;
                while (i + alike < r->count && r->srv[i + alike].priority == r->srv[i].priority)
                        alike++;
                unsigned chosen = i + choose_by_weight(&r->srv[i], alike, random);
                /* The others keep their order, so that those without weight stay in front. */
                for (unsigned j = chosen; j > i; j--)
                        swap_srv(&r->srv[j], &r->srv[j - 1]);
        }
}

static bool naptr_goes_before(const struct dns_naptr *a, const struct dns_naptr *b)
{
        return a->order != b->order ? a->order < b->order : a->preference < b->preference;
}

void dns_naptr_order(struct dns_records *r)
{
        assert(r->kind == DNS_NAPTR);
        for (unsigned i = 1; i < r->count; i++) {
                for (unsigned j = i; j && naptr_goes_before(&r->naptr[j], &r->naptr[j - 1]); j--) {
                        struct dns_naptr kept = r->naptr[j];
                        r->naptr[j] = r->naptr[j - 1];
                        r->naptr[j - 1] = kept;
                }
        }
}
