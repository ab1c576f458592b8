/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flow_ask.c - what somebody who called now would be told, and what becomes of digits that were keyed
 * in: by the one function that decides about calls.
 */
#include <string.h>

#include "core/mask.h"
#include "flow_run.h"

static void check_number(struct flow_run *run, const char *what, const char *wanted,
                         struct number number)
{
        if (wanted && number.e164 != flow_number_or_digits(wanted))
                flow_fail(run, "%s is not %s", what, wanted);
}

static void check_words(struct flow_run *run, const char *wanted,
                        const struct directory_decision *decision)
{
        const struct mapping *mapping = decision->has_mapping ? &decision->mapping : NULL;
        const char *told =
                mask_words_name(mask_words(decision->verdict, mapping, decision->policy));
        if (wanted && strcmp(wanted, told) != 0)
                flow_fail(run, "the words are %s", told);
}

void flow_ask(struct flow_run *run, const struct flow_step *step)
{
        const struct flow_answer *answer = &step->answer;
        struct directory_question question = {
                .dialled = {{flow_number_or_digits(answer->dialled)}},
                .caller_withheld = !answer->caller,
                .digits_were_asked = answer->digits != NULL,
        };
        struct directory_decision decision;
        if (answer->caller)
                question.caller.n.e164 = flow_number_or_digits(answer->caller);
        if (answer->digits)
                question.digits = slice_from(answer->digits);
        for (long i = 0; i < answer->times && !run->has_failed; i++) {
                if (step->kind == FLOW_KEYS_IN)
                        calls_key_in(run->platform->calls, &question, &decision);
                else
                        calls_decide(run->platform->calls, &question, &decision);
                if (strcmp(mask_verdict_name(decision.verdict), answer->verdict) != 0)
                        flow_fail(run, "the verdict is %s", mask_verdict_name(decision.verdict));
        }
        check_words(run, answer->told, &decision);
        check_number(run, "who is reached", answer->reaches, decision.mapping.connect_to.n);
        check_number(run, "what is shown", answer->shows, decision.mapping.show.n);
}
