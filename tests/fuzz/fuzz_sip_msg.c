/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "fuzz.h"
#include "mutate_sip.h"
#include "wire/sip_msg.h"
#include "wire/sip_write.h"

/* A walk over all that a message points to; the hash of it tells two messages apart. */
struct walk {
        struct slice whole;
        uint64_t hash;
};

static void add(struct walk *w, uint64_t value)
{
        w->hash = (w->hash ^ value) * UINT64_C(0x100000001b3);
}

static void visit(struct walk *w, struct slice s)
{
        if (s.len)
                MUST(s.p >= w->whole.p && s.p + s.len <= w->whole.p + w->whole.len);
        add(w, s.len);
        add(w, s.len ? (uint64_t)(s.p - w->whole.p) : 0);
}

/* What may be written into a line of ours, or compared byte by byte. */
static void visit_plain(struct walk *w, struct slice s)
{
        visit(w, s);
        for (size_t i = 0; i < s.len; i++)
                MUST((uint8_t)s.p[i] > ' ' && (uint8_t)s.p[i] < 0x7f);
}

static void visit_uri(struct walk *w, const struct sip_uri *uri)
{
        visit_plain(w, uri->user);
        visit_plain(w, uri->user_params);
        visit_plain(w, uri->host);
        visit_plain(w, uri->params);
        visit_plain(w, uri->headers);
        visit_plain(w, uri->transport);
        visit_plain(w, uri->maddr);
        add(w, uri->scheme);
        add(w, uri->port);
        add(w, uri->has_lr);
}

/* A URI taken from a header is one by itself, and the same one. */
static void visit_whole_uri(struct walk *w, const struct sip_uri *uri)
{
        struct sip_uri alone;
        visit_plain(w, uri->text);
        visit_uri(w, uri);
        MUST(sip_uri_parse(uri->text, &alone) == 0);
        struct walk a = {.whole = w->whole}, b = {.whole = w->whole};
        visit_uri(&a, uri);
        visit_uri(&b, &alone);
        MUST(a.hash == b.hash);
}

static void visit_addr(struct walk *w, const struct sip_name_addr *addr)
{
        struct slice tag = SLICE_NONE;
        visit(w, addr->text);
        visit(w, addr->display);
        visit(w, addr->params);
        visit_plain(w, addr->tag);
        visit_whole_uri(w, &addr->uri);
        MUST(sip_param_find(addr->params, SLICE("TAG"), &tag) == (addr->tag.len > 0));
        MUST(tag.len == addr->tag.len);
}

static void visit_addrs(struct walk *w, const struct sip_name_addr *addrs, unsigned count,
                        unsigned max)
{
        MUST(count <= max);
        add(w, count);
        for (unsigned i = 0; i < count; i++)
                visit_addr(w, &addrs[i]);
}

static void visit_vias(struct walk *w, const struct sip_msg *msg)
{
        MUST(msg->via_count >= 1 && msg->via_count <= SIP_VIAS_MAX);
        add(w, msg->via_count);
        for (unsigned i = 0; i < msg->via_count; i++) {
                const struct sip_via *via = &msg->vias[i];
                visit(w, via->text);
                visit_plain(w, via->host);
                visit_plain(w, via->branch);
                visit_plain(w, via->received);
                MUST(via->host.len > 0);
                MUST(via->has_rport || via->rport == 0);
                add(w, via->transport);
                add(w, via->port);
                add(w, via->rport);
        }
}

static void visit_start(struct walk *w, const struct sip_msg *msg)
{
        visit_plain(w, msg->method_text);
        visit_plain(w, msg->cseq_method_text);
        visit_plain(w, msg->call_id);
        MUST(msg->method_text.len && msg->cseq_method_text.len && msg->call_id.len);
        MUST(msg->is_request == (msg->status == 0));
        MUST(msg->is_request || (msg->status >= 100 && msg->status <= 699));
        add(w, msg->method);
        add(w, msg->status);
        add(w, msg->cseq);
        visit_vias(w, msg);
        visit_addr(w, &msg->from);
        visit_addr(w, &msg->to);
}

static void visit_rest(struct walk *w, const struct sip_msg *msg)
{
        visit_addrs(w, msg->contacts, msg->contact_count, SIP_CONTACTS_MAX);
        visit_addrs(w, msg->routes, msg->route_count, SIP_ROUTES_MAX);
        visit_addrs(w, msg->record_routes, msg->record_route_count, SIP_ROUTES_MAX);
        visit_addrs(w, msg->asserted, msg->asserted_count, SIP_IDENTITIES_MAX);
        visit(w, msg->require_text);
        visit(w, msg->session_refresher);
        visit(w, msg->content_type);
        visit(w, msg->body);
        const uint64_t numbers[] = {
                (uint64_t)msg->max_forwards,
                msg->contact_is_star,
                msg->privacy,
                msg->require,
                msg->proxy_require,
                msg->supported,
                msg->allow,
                msg->session_expires_s,
                msg->min_se_s,
                msg->rseq,
                msg->rack_rseq,
                msg->rack_cseq,
                msg->rack_method,
                msg->retry_after_s,
                (uint64_t)msg->expires_s,
                msg->content_is_sdp,
                msg->has_content_length,
        };
        for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
                add(w, numbers[i]);
        MUST(msg->max_forwards >= -1 && msg->max_forwards <= 255);
        MUST(!msg->contact_is_star || msg->contact_count == 0);
        MUST(!msg->content_is_sdp || msg->content_type.len);
}

static uint64_t visit_msg(const struct sip_msg *msg, struct slice whole)
{
        struct walk w = {.whole = whole};
        visit_start(&w, msg);
        visit_rest(&w, msg);
        return w.hash;
}

/* What only an accepted message promises. */
static void check_accepted(const struct sip_msg *msg)
{
        bool has_cookie = slice_starts_with(msg->vias[0].branch, SLICE("z9hG4bK"));
        MUST(slice_equal(msg->method_text, msg->cseq_method_text));
        MUST(msg->from.tag.len || !has_cookie);
        if (!msg->is_request)
                return;
        struct walk w = {.whole = msg->text};
        visit_whole_uri(&w, &msg->request_uri);
        MUST(msg->request_uri.headers.len == 0);
}

static unsigned count_lines(struct slice s)
{
        unsigned lines = 0;
        for (size_t i = 0; i < s.len; i++)
                lines += s.p[i] == '\n';
        return lines;
}

/*
 * An answer to whatever can be answered has the lines that we wrote, not one more, and reads as
 * the same transaction.
 */
static void check_answer(const struct sip_msg *msg, struct sip_msg *answer)
{
        static char memory[4 * SIP_MSG_BYTES_MAX];
        struct addr source = {.family = 4, .port = 5060, .ip = {192, 0, 2, 1}};
        bool reply_possible;
        struct buf b;
        buf_init(&b, memory, sizeof memory);
        sip_write_status_line(&b, 400);
        for (unsigned i = 0; i < msg->via_count; i++)
                sip_write_via_echo(&b, &msg->vias[i], i == 0 ? &source : NULL);
        sip_write_echo(&b, "From", msg->from.text);
        sip_write_echo(&b, "To", msg->to.text);
        sip_write_header(&b, "Call-ID", msg->call_id);
        sip_write_cseq_echo(&b, msg->cseq, msg->cseq_method_text);
        sip_write_body(&b, NULL, SLICE_NONE);
        MUST(buf_ok(&b));
        MUST(count_lines(buf_slice(&b)) == msg->via_count + 7u);
        if (b.len > SIP_MSG_BYTES_MAX)
                return;

        int err = sip_msg_parse(buf_slice(&b), answer, &reply_possible);
        /* A refused request may lack the tag that an answer needs. */
        bool lacks_tag = msg->from.tag.len == 0;
        MUST(err == 0 || (lacks_tag && err == ERR_SYNTAX));
        if (err)
                return;
        MUST(answer->via_count == msg->via_count);
        MUST(slice_equal(answer->vias[0].branch, msg->vias[0].branch));
        MUST(answer->vias[0].has_rport == msg->vias[0].has_rport);
        MUST(slice_equal(answer->vias[0].received, SLICE("192.0.2.1")));
        MUST(slice_equal(answer->call_id, msg->call_id));
        MUST(slice_equal(answer->from.tag, msg->from.tag));
        MUST(slice_equal(answer->to.tag, msg->to.tag));
        MUST(slice_equal(answer->from.uri.text, msg->from.uri.text));
        MUST(answer->cseq == msg->cseq && answer->cseq_method == msg->cseq_method);
}

#ifdef MASKLINE_FUZZ_PLANTED
/* A bug of the usual kind, which script/fuzz --self-test must find: one byte read past the end. */
static void check_planted(const struct sip_msg *msg)
{
        if (msg->body.len && msg->max_forwards >= 0 && msg->max_forwards < 40) {
                volatile char next = msg->body.p[msg->body.len];
                (void)next;
        }
}
#endif

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static struct sip_msg msg, again;
        struct slice text = {(const char *)data, size};
        bool reply_possible, reply_again;
        memset(&msg, 0xa5, sizeof msg);
        int err = sip_msg_parse(text, &msg, &reply_possible);
        MUST(err == 0 || err == ERR_SYNTAX || err == ERR_TOO_LARGE || err == ERR_VERSION);
        MUST(!reply_possible || err);

        memset(&again, 0x5a, sizeof again);
        MUST(sip_msg_parse(text, &again, &reply_again) == err && reply_again == reply_possible);
        if (err && !reply_possible)
                return 0;
        MUST(visit_msg(&msg, text) == visit_msg(&again, text));
        if (!err)
                check_accepted(&msg);
        check_answer(&msg, &again);
#ifdef MASKLINE_FUZZ_PLANTED
        check_planted(&msg);
#endif
        return 0;
}

#ifdef MASKLINE_FUZZ
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t size_max, unsigned seed)
{
        return mutate_sip_message(data, size, size_max, seed, LLVMFuzzerMutate);
}
#endif
