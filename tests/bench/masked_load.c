/* SPDX-License-Identifier: Apache-2.0 */
/*
 * masked_load - a caller and a callee around a system that masks numbers, at a constant rate.
 *
 *     masked_load --target 127.0.0.1:5060 --caller 127.0.0.21:5070 --callee 127.0.0.22:5080
 *                 --rate 1000 --seconds 40 [--ring-ms 50] [--hold-ms 200]
 *
 * The caller dials +91 90000 00001 as +91 98888 00001; the callee must be rung as +91 98888 00002
 * by +91 90000 00002. Each datagram that comes back is searched for the number that its receiver
 * must not see. Arrivals are evenly spaced. Prints one line of key=value.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "io/io_epoll.h"
#include "wire/sip_msg.h"
#include "wire/sip_write.h"

#define CALLER "919888800001"
#define CALLEE "919888800002"
#define M1     "919000000001"
#define M2     "919000000002"

#define CALLS_MAX   262144
#define T1_MS       500
#define RETRIES_MAX 6
#define LINGER_MS   8000

enum state {
        IDLE,
        INVITED,
        UP,
        LEAVING
};

/* One call as the caller sees it; its index and generation are in its Call-ID. */
struct call {
        struct io_timer timer;
        enum state state;
        uint32_t generation;
        int retries;
        bool rang;
        int64_t started_us;
        char to_tag[96];
        char target[128];
        char route[256];
};

/* One call as the callee sees it, by the Call-ID that the system under test gave it. */
struct dialog {
        struct io_timer timer;
        char call_id[128];
        struct dialog *next; /* in its bucket, or among the free ones */
        bool used, answered, confirmed;
        int retries;
        struct addr peer;
        size_t answer_bytes;
        char answer[1600];
};

static struct {
        struct io *io;
        struct io_udp *caller, *callee;
        struct addr target, caller_at, callee_at;
        uint32_t run; /* tells the identifiers of one run from another's */
        double rate;
        int64_t seconds, ring_ms, hold_ms;
        int64_t begin_us;
        uint64_t total;
        struct io_timer arrivals;
        struct call *calls;
        uint32_t *idle;
        uint32_t idle_count;
        struct dialog *dialogs, *free_dialogs;
        struct dialog *buckets[65536];
        uint32_t *delay_us;
        uint64_t delays;
        uint64_t started, completed, failed, retransmitted, leaked, wrong, unreadable;
        unsigned last_status;
        uint32_t peak;
} load;

static int64_t now_us(void)
{
        struct timespec t;
        clock_gettime(CLOCK_MONOTONIC, &t);
        return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static bool holds(struct slice data, const char *text)
{
        return memmem(data.p, data.len, text, strlen(text)) != NULL;
}

/* ---- messages ---- */

static void put_sdp(struct buf *b, const struct addr *at, uint32_t index)
{
        char body[512];
        int n = snprintf(body, sizeof body,
                         "v=0\r\no=- %u 1 IN IP4 %s\r\ns=-\r\nc=IN IP4 %s\r\nt=0 0\r\n"
                         "m=audio %u RTP/AVP 8 0 101\r\na=rtpmap:8 PCMA/8000\r\n"
                         "a=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\n"
                         "a=fmtp:101 0-15\r\na=ptime:20\r\na=sendrecv\r\n",
                         index + 1, addr_format_ip(at).text, addr_format_ip(at).text,
                         20000 + index % 10000 * 2);
        sip_write_body(b, "application/sdp", (struct slice){body, (size_t)n});
}

static void put_request(struct buf *b, const struct call *call, const char *method)
{
        uint32_t index = (uint32_t)(call - load.calls);
        bool invite = !strcmp(method, "INVITE");
        int cseq = strcmp(method, "BYE") ? 1 : 2;
        struct addr_text at = addr_format(&load.caller_at);
        struct addr_text ip = addr_format_ip(&load.caller_at);

        if (call->state == UP || call->state == LEAVING)
                buf_printf(b, "%s %s SIP/2.0\r\n", method, call->target);
        else
                buf_printf(b, "%s sip:+" M1 "@%s SIP/2.0\r\n", method,
                           addr_format(&load.target).text);
        buf_printf(b,
                   "Via: SIP/2.0/UDP %s;rport;branch=z9hG4bK%x-%x-%x-%s\r\n%s"
                   "Max-Forwards: 70\r\nFrom: \"A Party\" <sip:+" CALLER "@%s>;tag=a%x-%x-%x\r\n"
                   "To: <sip:+" M1 "@%s>%s%s\r\nCall-ID: %x-%x-%x@%s\r\nCSeq: %d %s\r\n",
                   at.text, index, call->generation, load.run, method, invite ? "" : call->route,
                   ip.text, index, call->generation, load.run, ip.text,
                   call->to_tag[0] ? ";tag=" : "", call->to_tag, index, call->generation, load.run,
                   ip.text, cseq, method);
        if (!invite) {
                sip_write_body(b, NULL, SLICE_NONE);
                return;
        }
        buf_printf(b,
                   "Contact: <sip:+" CALLER "@%s>\r\n"
                   "Allow: INVITE, ACK, CANCEL, OPTIONS, BYE, UPDATE, INFO, PRACK\r\n"
                   "Supported: replaces\r\nUser-Agent: ExampleSBC/7.4 (trunk-in-04)\r\n"
                   "P-Asserted-Identity: <sip:+" CALLER "@%s>\r\nPrivacy: none\r\n"
                   "Accept: application/sdp\r\n",
                   at.text, ip.text);
        put_sdp(b, &load.caller_at, index);
}

static void send_request(const struct call *call, const char *method)
{
        char memory[2048];
        struct buf b;
        buf_init(&b, memory, sizeof memory);
        put_request(&b, call, method);
        io_udp_send(load.caller, &load.target, buf_slice(&b));
}

/* ---- the caller ---- */

static void on_call_timer(void *arg);

static void call_over(struct call *call, bool well)
{
        io_timer_stop(load.io, &call->timer);
        call->state = IDLE;
        call->generation++;
        load.idle[load.idle_count++] = (uint32_t)(call - load.calls);
        if (well)
                load.completed++;
        else
                load.failed++;
}

static void again_in(struct call *call, int64_t ms)
{
        io_timer_start(load.io, &call->timer, ms, on_call_timer, call);
}

static void retry(struct call *call, const char *method)
{
        if (call->retries++ == RETRIES_MAX) {
                call_over(call, false);
                return;
        }
        load.retransmitted++;
        send_request(call, method);
        again_in(call, T1_MS << call->retries);
}

static void on_call_timer(void *arg)
{
        struct call *call = arg;
        switch (call->state) {
        case INVITED:
                if (call->rang)
                        call_over(call, false);
                else
                        retry(call, "INVITE");
                return;
        case UP:
                call->state = LEAVING;
                call->retries = 0;
                send_request(call, "BYE");
                again_in(call, T1_MS);
                return;
        case LEAVING:
                retry(call, "BYE");
                return;
        case IDLE:
                return;
        }
}

static void start_call(void)
{
        if (load.idle_count == 0) {
                load.failed++;
                load.started++;
                return;
        }
        struct call *call = &load.calls[load.idle[--load.idle_count]];
        call->state = INVITED;
        call->retries = 0;
        call->rang = false;
        call->to_tag[0] = call->route[0] = '\0';
        call->started_us = now_us();
        load.started++;
        uint32_t busy = CALLS_MAX - load.idle_count;
        if (busy > load.peak)
                load.peak = busy;
        send_request(call, "INVITE");
        again_in(call, T1_MS);
}

static void on_arrival(void *arg)
{
        (void)arg;
        int64_t elapsed_us = now_us() - load.begin_us;
        while (load.started < load.total &&
               (double)load.started / load.rate * 1e6 <= (double)elapsed_us)
                start_call();
        if (load.started < load.total)
                io_timer_start(load.io, &load.arrivals, 1, on_arrival, NULL);
}

static struct call *find_call(const struct sip_msg *msg)
{
        char id[64];
        unsigned index, generation, run;
        if (slice_to_text(msg->call_id, id, sizeof id) ||
            sscanf(id, "%x-%x-%x", &index, &generation, &run) != 3 || run != load.run ||
            index >= CALLS_MAX)
                return NULL;
        struct call *call = &load.calls[index];
        return call->generation == generation && call->state != IDLE ? call : NULL;
}

static void take_dialog(struct call *call, const struct sip_msg *msg)
{
        struct buf b;
        buf_init(&b, call->route, sizeof call->route - 1);
        for (unsigned i = msg->record_route_count; i-- > 0;)
                buf_printf(&b, "Route: %.*s\r\n", SLICE_ARG(msg->record_routes[i].text));
        call->route[b.len] = '\0';
        if (slice_to_text(msg->to.tag, call->to_tag, sizeof call->to_tag) ||
            msg->contact_count == 0 ||
            slice_to_text(msg->contacts[0].uri.text, call->target, sizeof call->target))
                load.wrong++;
}

static void on_invite_response(struct call *call, const struct sip_msg *msg)
{
        if (msg->status < 200) {
                if (msg->status > 100 && !call->rang) {
                        call->rang = true;
                        if (load.delays < load.total)
                                load.delay_us[load.delays++] =
                                        (uint32_t)(now_us() - call->started_us);
                        again_in(call, load.ring_ms + LINGER_MS);
                } else if (!call->rang) {
                        again_in(call, LINGER_MS);
                }
                return;
        }
        if (msg->status >= 300) {
                load.last_status = msg->status;
                if (slice_to_text(msg->to.tag, call->to_tag, sizeof call->to_tag) == 0)
                        send_request(call, "ACK");
                call_over(call, false);
                return;
        }
        bool first = call->state == INVITED;
        if (first) {
                take_dialog(call, msg);
                call->state = UP;
        }
        send_request(call, "ACK");
        if (first)
                again_in(call, load.hold_ms);
}

static void on_caller_datagram(void *arg, const struct addr *from, struct slice data)
{
        (void)arg;
        (void)from;
        struct sip_msg msg;
        bool reply;
        if (holds(data, CALLEE))
                load.leaked++;
        if (sip_msg_parse(data, &msg, &reply)) {
                load.unreadable++;
                return;
        }
        struct call *call = msg.is_request ? NULL : find_call(&msg);
        if (!call)
                return;
        if (msg.cseq_method == SIP_INVITE && (call->state == INVITED || call->state == UP))
                on_invite_response(call, &msg);
        else if (msg.cseq_method == SIP_BYE && call->state == LEAVING && msg.status >= 200)
                call_over(call, msg.status < 300);
}

/* ---- the callee ---- */

static struct dialog **bucket_of(struct slice call_id)
{
        static const struct siphash_key key = {{1, 2}};
        return &load.buckets[siphash(&key, call_id.p, call_id.len) & 65535];
}

static struct dialog *find_dialog(struct slice call_id)
{
        struct dialog *dialog = *bucket_of(call_id);
        while (dialog && !slice_equal(slice_from(dialog->call_id), call_id))
                dialog = dialog->next;
        return dialog;
}

static void free_dialog(struct dialog *dialog)
{
        struct dialog **link = bucket_of(slice_from(dialog->call_id));
        while (*link != dialog)
                link = &(*link)->next;
        *link = dialog->next;
        io_timer_stop(load.io, &dialog->timer);
        dialog->used = false;
        dialog->next = load.free_dialogs;
        load.free_dialogs = dialog;
}

static void put_response(struct buf *b, const struct sip_msg *msg, const struct addr *from,
                         unsigned status, uint32_t index)
{
        sip_write_status_line(b, status);
        for (unsigned i = 0; i < msg->via_count; i++)
                sip_write_via_echo(b, &msg->vias[i], i == 0 ? from : NULL);
        for (unsigned i = 0; status > 100 && i < msg->record_route_count; i++)
                sip_write_echo(b, "Record-Route", msg->record_routes[i].text);
        buf_printf(b, "From: %.*s\r\nTo: %.*s", SLICE_ARG(msg->from.text), SLICE_ARG(msg->to.text));
        if (!msg->to.tag.len && status > 100)
                buf_printf(b, ";tag=b%x", index);
        buf_printf(b, "\r\nCall-ID: %.*s\r\n", SLICE_ARG(msg->call_id));
        sip_write_cseq(b, msg->cseq, msg->method);
        if (msg->method == SIP_INVITE && status > 100)
                buf_printf(b, "Contact: <sip:+" CALLEE "@%s>\r\n",
                           addr_format(&load.callee_at).text);
}

static void respond(const struct sip_msg *msg, const struct addr *from, unsigned status,
                    uint32_t index)
{
        char memory[2048];
        struct buf b;
        buf_init(&b, memory, sizeof memory);
        put_response(&b, msg, from, status, index);
        sip_write_body(&b, NULL, SLICE_NONE);
        io_udp_send(load.callee, from, buf_slice(&b));
}

static void on_dialog_timer(void *arg)
{
        struct dialog *dialog = arg;
        if (dialog->confirmed || dialog->retries > RETRIES_MAX) {
                free_dialog(dialog);
                return;
        }
        if (dialog->answered)
                load.retransmitted++;
        dialog->answered = true;
        io_udp_send(load.callee, &dialog->peer,
                    (struct slice){dialog->answer, dialog->answer_bytes});
        io_timer_start(load.io, &dialog->timer, T1_MS << dialog->retries++, on_dialog_timer,
                       dialog);
}

static void on_callee_invite(const struct sip_msg *msg, const struct addr *from)
{
        if (find_dialog(msg->call_id))
                return;
        struct dialog *dialog = load.free_dialogs;
        if (!dialog || slice_to_text(msg->call_id, dialog->call_id, sizeof dialog->call_id)) {
                load.wrong++;
                return;
        }
        if (!holds(msg->request_uri.text, CALLEE) || !holds(msg->from.text, M2))
                load.wrong++;

        load.free_dialogs = dialog->next;
        uint32_t index = (uint32_t)(dialog - load.dialogs);
        struct dialog **bucket = bucket_of(msg->call_id);
        dialog->next = *bucket;
        *bucket = dialog;
        dialog->used = true;
        dialog->answered = dialog->confirmed = false;
        dialog->retries = 0;
        dialog->peer = *from;

        respond(msg, from, 100, index);
        respond(msg, from, 180, index);
        struct buf b;
        buf_init(&b, dialog->answer, sizeof dialog->answer);
        put_response(&b, msg, from, 200, index);
        put_sdp(&b, &load.callee_at, index);
        dialog->answer_bytes = b.len;
        io_timer_start(load.io, &dialog->timer, load.ring_ms, on_dialog_timer, dialog);
}

static void on_callee_datagram(void *arg, const struct addr *from, struct slice data)
{
        (void)arg;
        struct sip_msg msg;
        bool reply;
        if (holds(data, CALLER))
                load.leaked++;
        if (sip_msg_parse(data, &msg, &reply)) {
                load.unreadable++;
                return;
        }
        if (!msg.is_request)
                return;
        struct dialog *dialog = find_dialog(msg.call_id);
        if (msg.method == SIP_INVITE) {
                on_callee_invite(&msg, from);
        } else if (msg.method == SIP_ACK) {
                if (!dialog || dialog->confirmed)
                        return;
                dialog->confirmed = true;
                io_timer_start(load.io, &dialog->timer, load.hold_ms + 20000, on_dialog_timer,
                               dialog);
        } else {
                respond(&msg, from, 200, 0);
                if (dialog && (msg.method == SIP_BYE || msg.method == SIP_CANCEL))
                        free_dialog(dialog);
        }
}

/* ---- the run ---- */

static struct io_timer watch_timer;

static void watch(void *arg)
{
        int64_t *deadline_ms = arg;
        bool over = load.started >= load.total && load.idle_count == CALLS_MAX;
        if (over || io_now_ms(load.io) > *deadline_ms) {
                io_stop(load.io);
                return;
        }
        io_timer_start(load.io, &watch_timer, 50, watch, arg);
}

static int by_value(const void *a, const void *b)
{
        uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
        return (x > y) - (x < y);
}

static void report(void)
{
        uint64_t stuck = CALLS_MAX - load.idle_count;
        double seconds = (double)(now_us() - load.begin_us) / 1e6;
        qsort(load.delay_us, load.delays, sizeof load.delay_us[0], by_value);
        uint32_t p50 = load.delays ? load.delay_us[load.delays / 2] : 0;
        uint32_t p99 = load.delays ? load.delay_us[load.delays * 99 / 100] : 0;
        printf("started=%" PRIu64 " completed=%" PRIu64 " failed=%" PRIu64 " stuck=%" PRIu64
               " retransmitted=%" PRIu64 " leaks=%" PRIu64 " wrong=%" PRIu64 " unreadable=%" PRIu64
               " last_status=%u peak=%u delay_p50_us=%u delay_p99_us=%u seconds=%.1f\n",
               load.started, load.completed, load.failed, stuck, load.retransmitted, load.leaked,
               load.wrong, load.unreadable, load.last_status, load.peak, p50, p99, seconds);
}

static void need(int err, const char *what)
{
        if (err == 0)
                return;
        fprintf(stderr, "masked_load: %s: %s\n", what, err_text(err));
        exit(2);
}

static void read_options(int argc, char **argv)
{
        static const struct option options[] = {
                {"target", required_argument, NULL, 't'},
                {"caller", required_argument, NULL, 'a'},
                {"callee", required_argument, NULL, 'b'},
                {"rate", required_argument, NULL, 'r'},
                {"seconds", required_argument, NULL, 's'},
                {"ring-ms", required_argument, NULL, 'g'},
                {"hold-ms", required_argument, NULL, 'h'},
                {0},
        };
        load.rate = 100;
        load.seconds = 5;
        load.ring_ms = 50;
        load.hold_ms = 200;
        need(addr_parse(SLICE("127.0.0.1:5060"), 0, &load.target), "target");
        need(addr_parse(SLICE("127.0.0.21:5070"), 0, &load.caller_at), "caller");
        need(addr_parse(SLICE("127.0.0.22:5080"), 0, &load.callee_at), "callee");
        for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
                struct slice value = slice_from(optarg ? optarg : "");
                switch (option) {
                case 't':
                        need(addr_parse(value, 5060, &load.target), "--target");
                        break;
                case 'a':
                        need(addr_parse(value, 5070, &load.caller_at), "--caller");
                        break;
                case 'b':
                        need(addr_parse(value, 5080, &load.callee_at), "--callee");
                        break;
                case 'r':
                        load.rate = atof(optarg);
                        break;
                case 's':
                        load.seconds = atoll(optarg);
                        break;
                case 'g':
                        load.ring_ms = atoll(optarg);
                        break;
                case 'h':
                        load.hold_ms = atoll(optarg);
                        break;
                default:
                        exit(2);
                }
        }
}

static void take_memory(void)
{
        load.total = (uint64_t)(load.rate * (double)load.seconds + 0.5);
        load.calls = calloc(CALLS_MAX, sizeof *load.calls);
        load.idle = calloc(CALLS_MAX, sizeof *load.idle);
        load.dialogs = calloc(CALLS_MAX / 4, sizeof *load.dialogs);
        load.delay_us = calloc(load.total + 1, sizeof *load.delay_us);
        if (!load.calls || !load.idle || !load.dialogs || !load.delay_us)
                need(-ENOMEM, "start");
        for (uint32_t i = 0; i < CALLS_MAX; i++)
                load.idle[load.idle_count++] = CALLS_MAX - 1 - i;
        for (uint32_t i = 0; i < CALLS_MAX / 4; i++) {
                load.dialogs[i].next = load.free_dialogs;
                load.free_dialogs = &load.dialogs[i];
        }
}

int main(int argc, char **argv)
{
        struct random random;
        random_init_system(&random);
        load.run = random_u32(&random);
        read_options(argc, argv);
        take_memory();
        need(io_create_epoll(&load.io), "loop");
        need(io_udp_open(load.io, &load.caller_at, on_caller_datagram, NULL, &load.caller),
             "caller's socket");
        need(io_udp_open(load.io, &load.callee_at, on_callee_datagram, NULL, &load.callee),
             "callee's socket");
        load.begin_us = now_us();
        int64_t deadline_ms =
                io_now_ms(load.io) + load.seconds * 1000 + load.hold_ms + load.ring_ms + 40000;
        io_timer_start(load.io, &load.arrivals, 0, on_arrival, NULL);
        io_timer_start(load.io, &watch_timer, 50, watch, &deadline_ms);
        io_run(load.io);
        report();
        io_udp_close(load.caller);
        io_udp_close(load.callee);
        io_destroy(load.io);
        return load.failed || load.leaked || load.wrong ? 1 : 0;
}
