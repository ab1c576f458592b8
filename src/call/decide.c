/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decide.c - whom a caller reaches: looked up when the call comes, and again when time has passed
 * before the callee is called.
 */
#include <string.h>

#include "base/log.h"
#include "call/call.h"

/* On a trunk of another tenant a number is nobody's: who calls there is known to that tenant only. */
static struct masking_number number_on_trunk(const struct call *call, uint32_t trunk_id)
{
        const struct calls_params *p = &call->calls->params;
        const struct trunk *trunk = sip_trunks_find_any(p->trunks, trunk_id);
        const struct number_row *row = directory_number_find(p->directory, call->dialled);
        bool is_foreign = row && (!trunk || trunk->tenant_id != row->tenant_id);
        return is_foreign ? (struct masking_number){{0}} : call->dialled;
}

static void audit(struct call *call)
{
        const struct cdr *record = &call->legs[SIDE_A].record;
        const struct directory_verdict verdict = {
                .call_id = record->call_id,
                .trunk_id = record->trunk_id,
                .dialled = call->dialled,
                .caller = record->party_hint,
                .decision = &call->decision,
        };
        call->decided_ms = directory_audit_decision(call->calls->params.directory, &verdict);
        log_info("call %s: %s", uuid_format(record->call_id).text,
                 mask_verdict_name(call->decision.verdict));
}

static void count(void *arg, const struct mapping *mapping, const struct pool_policy *policy,
                  struct mask_counts *counts)
{
        const struct asking *asking = arg;
        counts->is_locked_out = call_is_locked_out(asking, policy);
        counts->intercept =
                INTERCEPT_NO_ANSWER; /* no webhook is asked: the policy says what then */
        if (mapping)
                call_count(asking, mapping, policy, counts);
}

/* Whoever asks is answered here, and by nothing else. */
static void decide(const struct calls *calls, const struct call *own,
                   const struct directory_question *question, struct directory_decision *out)
{
        struct asking asking = {calls, own, question->caller, question->dialled};
        struct directory_question counted = *question;
        if (question->caller_withheld)
                asking.caller = (struct real_number){{0}};
        counted.count = count;
        counted.arg = &asking;
        directory_decide(calls->params.directory, &counted, out);
}

void calls_decide(const struct calls *calls, const struct directory_question *question,
                  struct directory_decision *out)
{
        decide(calls, NULL, question, out);
}

void call_decide(struct call *call, uint32_t trunk_id, bool is_withheld)
{
        const struct directory_question question = {
                .dialled = number_on_trunk(call, trunk_id),
                .caller = call->caller,
                .caller_withheld = is_withheld,
        };
        decide(call->calls, call, &question, &call->decision);
        call_record_begin(call, SIDE_A);
        audit(call);
}

/* Whom it was to reach is reached as long as it is a party still, though another number stands first now. */
static bool connects_the_same(const struct directory *dir, const struct directory_decision *a,
                              const struct directory_decision *b)
{
        return a->verdict == b->verdict && a->mapping.session_id == b->mapping.session_id &&
               number_equal(a->mapping.show.n, b->mapping.show.n) &&
               (number_equal(a->mapping.connect_to.n, b->mapping.connect_to.n) ||
                directory_session_has(dir, a->mapping.session_id, a->mapping.connect_to));
}

/* Whom another session connects, or what has become of this one, is for a new call to find out. */
static void end_decision(struct directory_decision *decision)
{
        decision->verdict = MASK_ENDED;
        decision->mapping.connect_to = (struct real_number){{0}};
        decision->mapping.show = (struct masking_number){{0}};
}

bool call_decide_again(struct call *call)
{
        struct call_leg *a = &call->legs[SIDE_A];
        struct directory_decision now;
        struct directory_question question = {
                .dialled = number_on_trunk(call, a->trunk_id),
                .caller = call->caller,
                .reaches = call->decision.mapping.connect_to,
        };
        decide(call->calls, call, &question, &now);
        const struct mapping *before = &call->decision.mapping;
        bool is_same = connects_the_same(call->calls->params.directory, &call->decision, &now);
        /* After a crash the mapping is only what the record has of it. */
        if (is_same && number_equal(before->connect_to.n, now.mapping.connect_to.n))
                call->decision = now;
        if (!is_same) {
                if (now.verdict == MASK_CONNECT)
                        end_decision(&now);
                call->decision = now;
                a->record.verdict = now.verdict;
                audit(call);
        }
        explicit_bzero(&question, sizeof question);
        explicit_bzero(&now, sizeof now);
        return is_same;
}
