/* SPDX-License-Identifier: Apache-2.0 */
#include "mix.h"

#include <errno.h>
#include <string.h>

#include "base/slice.h"

#define BIT(ending) (1u << (ending))

#define REFUSED_STATUSES                                                                           \
        {                                                                                          \
                200, 603                                                                           \
        }
#define REFUSED_ENDINGS (BIT(ENDS_BY_THEM) | BIT(ENDS_REFUSED))

const struct kind_row kind_rows[KINDS] = {
        [KIND_ANSWERED] = {"answered",
                           "the caller hangs up",
                           true,
                           true,
                           {200},
                           BIT(ENDS_BY_US),
                           BIT(ENDS_BY_THEM)},
        [KIND_CALLEE_LEAVES] = {"callee-leaves",
                                "the callee hangs up",
                                true,
                                true,
                                {200},
                                BIT(ENDS_BY_THEM),
                                BIT(ENDS_BY_US)},
        [KIND_HOLD] = {"hold",
                       "re-INVITE for hold and back",
                       true,
                       true,
                       {200},
                       BIT(ENDS_BY_US),
                       BIT(ENDS_BY_THEM)},
        [KIND_KEYS] = {"keys",
                       "a key press, in RTP or by INFO",
                       true,
                       true,
                       {200},
                       BIT(ENDS_BY_US),
                       BIT(ENDS_BY_THEM)},
        [KIND_BUSY] = {"busy", "486", true, false, {486}, BIT(ENDS_REFUSED), BIT(ENDS_REFUSED)},
        [KIND_DECLINED] =
                {"declined", "603", true, false, {603}, BIT(ENDS_REFUSED), BIT(ENDS_REFUSED)},
        [KIND_NO_ANSWER] = {"no-answer",
                            "rings until it is given up",
                            true,
                            false,
                            {480},
                            BIT(ENDS_REFUSED),
                            BIT(ENDS_CANCELLED)},
        [KIND_CANCELLED] = {"cancelled",
                            "CANCEL while it rings",
                            true,
                            false,
                            {487},
                            BIT(ENDS_REFUSED),
                            BIT(ENDS_CANCELLED)},
        [KIND_RACE] = {"race",
                       "CANCEL crosses the answer",
                       true,
                       false,
                       {200, 487},
                       BIT(ENDS_REFUSED) | BIT(ENDS_BY_US),
                       BIT(ENDS_CANCELLED) | BIT(ENDS_BY_THEM)},
        [KIND_STRANGER] = {"stranger", "no party of the number", false, false, REFUSED_STATUSES,
                           REFUSED_ENDINGS, BIT(ENDS_NEVER_WAS)},
        [KIND_UNKNOWN] = {"unknown", "a number without a session", false, false, REFUSED_STATUSES,
                          REFUSED_ENDINGS, BIT(ENDS_NEVER_WAS)},
        [KIND_ENDED] = {"ended", "a session that has ended", false, false, REFUSED_STATUSES,
                        REFUSED_ENDINGS, BIT(ENDS_NEVER_WAS)},
        [KIND_IMPATIENT] = {"impatient", "hangs up during the announcement", false, false,
                            REFUSED_STATUSES, BIT(ENDS_BY_US) | BIT(ENDS_REFUSED),
                            BIT(ENDS_NEVER_WAS)},
};

static int find_kind(struct slice name)
{
        for (int i = 0; i < KINDS; i++) {
                if (slice_equal(name, slice_from(kind_rows[i].name)))
                        return i;
        }
        return -1;
}

int mix_parse(const char *text, struct mix *out, const char **problem)
{
        struct mix mix = {0};
        struct slice rest = slice_from(text);
        while (rest.len) {
                struct slice weight,
                        name = slice_split(slice_split(rest, ',', &rest), '=', &weight);
                int kind = find_kind(name);
                *problem = "no such kind of call";
                if (kind < 0)
                        return -EINVAL;
                *problem = "a weight is a whole number up to 1000000";
                if (slice_to_u32(weight, 1000000, &mix.weights[kind]))
                        return -EINVAL;
                mix.total += mix.weights[kind];
        }
        *problem = "no kind has a weight";
        if (mix.total == 0)
                return -EINVAL;
        *out = mix;
        return 0;
}

enum kind mix_draw(const struct mix *mix, struct random *random)
{
        uint32_t left = random_below(random, mix->total);
        int kind = 0;
        while (left >= mix->weights[kind])
                left -= mix->weights[kind++];
        return (enum kind)kind;
}
