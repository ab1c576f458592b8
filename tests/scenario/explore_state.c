/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explore_state.c - where a call stands, as one number: equal when the same can follow.
 *
 * Whatever is in a leg, a transaction or a call counts, unless it is cleared here for being a name.
 * A new member that holds a pointer or a time makes test_explore.c's "the same moves lead to the
 * same state" fail, or states without end; it is then to be cleared, or written as time from now.
 */
#include "../unit/unit.h"
#include "call/call.h"
#include "explore.h"
#include "sip/sip_core.h"
#include "sip/sip_transaction_impl.h"

static const struct siphash_key key = {{UINT64_C(0x6578706c6f726521), 17}};

static uint64_t hash_of(const void *bytes, size_t len)
{
        return siphash(&key, bytes, len);
}

static int64_t now_ms(const struct play *play)
{
        return sim_world_now_ms(play->run->platform->sim);
}

/* A timer is when it will fire. */
static void strip_timer(struct io_timer *timer, int64_t now)
{
        bool is_armed = timer->armed;
        int64_t due_ms = timer->due_ms;
        memset(timer, 0, sizeof *timer);
        timer->armed = is_armed;
        timer->due_ms = is_armed ? due_ms - now : 0;
}

static uint64_t text_digest(const struct sip_packet *packet)
{
        struct slice text = sip_packet_text(packet);
        const char *end = text.len ? memchr(text.p, '\r', text.len) : NULL;
        const char *cseq = text.len ? memmem(text.p, text.len, "\r\nCSeq: ", 8) : NULL;
        if (!end || !cseq)
                return 0;
        size_t rest = text.len - (size_t)(cseq + 8 - text.p);
        const char *cseq_end = memchr(cseq + 8, '\r', rest);
        return hash_of(text.p, (size_t)(end - text.p)) +
               hash_of(cseq, (size_t)(cseq_end ? cseq_end - cseq : 8));
}

static uint64_t leg_digest(const struct leg *leg, int64_t now)
{
        struct leg copy = *leg;
        copy.ua = NULL;
        copy.invite = (struct handle){.generation = sip_leg_invite(leg) != NULL};
        memset(&copy.remote, 0, sizeof copy.remote);
        copy.remote.audio.direction = leg->remote.audio.direction;
        memset(&copy.origin, 0, sizeof copy.origin);
        memset(&copy.task, 0, sizeof copy.task);
        copy.described = 0;
        copy.refresh = (struct handle){
                .generation = sip_transaction_find(leg->ua->txs, leg->refresh) != NULL};
        copy.talked_until_ms = leg->talked_until_ms > now ? leg->talked_until_ms - now : 0;
        strip_timer(&copy.session_timer, now);
        strip_timer(&copy.refresh_timer, now);
        strip_timer(&copy.prack_timer, now);
        copy.prack_deadline_ms = leg->prack_timer.armed ? leg->prack_deadline_ms - now : 0;
        copy.prack = (struct handle){.generation = sip_transaction_find(leg->ua->txs, leg->prack) !=
                                                   NULL};
        return hash_of(&copy, sizeof copy);
}

static uint64_t transaction_digest(const struct sip_transaction *tx, int64_t now)
{
        struct sip_transaction copy = *tx;
        copy.txs = NULL;
        strip_timer(&copy.timer, now);
        memset(&copy.burial, 0, sizeof copy.burial);
        copy.deadline_ms = tx->deadline_ms ? tx->deadline_ms - now : 0;
        copy.packet = NULL;
        copy.head = NULL;
        copy.invite = (struct handle){.generation = sip_transaction_find(tx->txs, tx->invite) != 0};
        copy.cancel = (struct handle){.generation = sip_transaction_find(tx->txs, tx->cancel) != 0};
        memset(&copy.by_request, 0, sizeof copy.by_request);
        memset(&copy.by_merge, 0, sizeof copy.by_merge);
        memset(&copy.request_key, 0, sizeof copy.request_key);
        memset(&copy.merge_key, 0, sizeof copy.merge_key);
        copy.head_bytes = 0;
        return hash_of(&copy, sizeof copy) + text_digest(tx->packet) + (tx->head ? 1 : 0);
}

static void strip_record(struct cdr *record)
{
        bool rang = record->ringing_ms, answered = record->answered_ms, ended = record->ended_ms;
        unsigned status = record->sip_status;
        memset(record, 0, sizeof *record);
        record->ringing_ms = rang;
        record->answered_ms = answered;
        record->ended_ms = ended;
        record->sip_status = (uint16_t)status;
}

static uint64_t call_digest(const struct call *call, int64_t now)
{
        struct call copy = *call;
        copy.calls = NULL;
        copy.decision.policy = NULL;
        strip_timer(&copy.timer, now);
        strip_timer(&copy.warn_timer, now);
        memset(&copy.save_timer, 0, sizeof copy.save_timer);
        for (int side = 0; side < 2; side++) {
                struct call_leg *leg = &copy.legs[side];
                enum sdp_direction direction = leg->local.direction;
                memset(&leg->local, 0, sizeof leg->local);
                leg->local.direction = direction;
                memset(&leg->media, 0, sizeof leg->media);
                strip_record(&leg->record);
        }
        return hash_of(&copy, sizeof copy);
}

static uint64_t side_digest(const struct play *play, const struct side *side)
{
        struct side copy = *side;
        const struct flow_call *call = side->call;
        copy.name = NULL;
        copy.peer = NULL;
        copy.call = NULL;
        for (int i = 0; i < MESSAGE_KINDS; i++) {
                bool may_come_again = play->faults < play->what->faults && side->sent[i];
                copy.sent_ms[i] = may_come_again ? now_ms(play) - side->sent_ms[i] : 0;
        }
        for (unsigned i = 0; i < side->asked_count; i++) {
                memset(copy.asked[i].branch, 0, sizeof copy.asked[i].branch);
                copy.asked[i].hash = 0;
                copy.asked[i].bytes = 0;
        }
        copy.reinvited_ms = side->owes_reinvite ? now_ms(play) - side->reinvited_ms : 0;
        for (unsigned i = 0; i < side->talk_count; i++)
                copy.talks[i].since_ms = now_ms(play) - side->talks[i].since_ms;
        return hash_of(&copy, sizeof copy) + hash_of(call->their_tag, strlen(call->their_tag)) * 3 +
               hash_of(call->method, strlen(call->method)) * 5 + call->cseq * 7 +
               call->invite_cseq * 11 + call->invite_status * 13;
}

uint64_t explore_digest(const struct play *play)
{
        struct calls *calls = play->run->platform->calls;
        const int64_t now = now_ms(play);
        uint64_t sum = side_digest(play, &play->agent) + side_digest(play, &play->customer) * 3 +
                       play->faults * 5 + play->crashes * 7 + play->has_planted;
        /* Which slot one has is a name. */
        for (uint32_t i = 0; i < pool_capacity(calls->pool); i++) {
                const struct call *call = pool_at(calls->pool, i);
                if (!call)
                        continue;
                sum += call_digest(call, now);
                /* How far the announcement has come is in no member. */
                if (call->state == CALL_ANNOUNCING)
                        sum += (uint64_t)now;
        }
        for (uint32_t i = 0; i < pool_capacity(calls->ua->legs); i++) {
                const struct leg *leg = pool_at(calls->ua->legs, i);
                sum += leg ? leg_digest(leg, now) : 0;
        }
        struct pool *txs = calls->ua->txs->pool;
        for (uint32_t i = 0; i < pool_capacity(txs) && pool_used(txs); i++) {
                const struct sip_transaction *tx = pool_at(txs, i);
                sum += tx ? transaction_digest(tx, now) : 0;
        }
        return sum;
}

static void sooner(const struct io_timer *timer, int64_t *at_ms, bool *any)
{
        if (!timer->armed || (*any && timer->due_ms >= *at_ms))
                return;
        *at_ms = timer->due_ms;
        *any = true;
}

bool explore_next_timer(const struct play *play, int64_t *at_ms)
{
        struct calls *calls = play->run->platform->calls;
        struct pool *txs = calls->ua->txs->pool;
        bool any = false;
        for (uint32_t i = 0; i < pool_capacity(calls->pool); i++) {
                const struct call *call = pool_at(calls->pool, i);
                if (!call)
                        continue;
                sooner(&call->timer, at_ms, &any);
                sooner(&call->warn_timer, at_ms, &any);
        }
        for (uint32_t i = 0; i < pool_capacity(calls->ua->legs); i++) {
                const struct leg *leg = pool_at(calls->ua->legs, i);
                if (!leg)
                        continue;
                sooner(&leg->session_timer, at_ms, &any);
                sooner(&leg->refresh_timer, at_ms, &any);
                sooner(&leg->prack_timer, at_ms, &any);
        }
        for (uint32_t i = 0; i < pool_capacity(txs) && pool_used(txs); i++) {
                const struct sip_transaction *tx = pool_at(txs, i);
                if (tx)
                        sooner(&tx->timer, at_ms, &any);
        }
        return any;
}

bool explore_has_invite_out(const struct play *play)
{
        struct pool *txs = play->run->platform->calls->ua->txs->pool;
        for (uint32_t i = 0; i < pool_capacity(txs) && pool_used(txs); i++) {
                const struct sip_transaction *tx = pool_at(txs, i);
                bool waits = tx && tx->kind == CLIENT_INVITE && tx->state != TX_COMPLETED &&
                             tx->state != TX_TERMINATED;
                if (waits)
                        return true;
        }
        return false;
}
