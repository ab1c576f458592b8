/* SPDX-License-Identifier: Apache-2.0 */
#include "core/certificate.h"

#include <inttypes.h>
#include <stddef.h>

#include "base/err.h"
#include "base/sort.h"

static bool by_party(const void *a, const void *b)
{
        const struct certificate_pair *x = a, *y = b;
        return x->party != y->party ? x->party < y->party : x->number.n.e164 < y->number.n.e164;
}

static bool by_number(const void *a, const void *b)
{
        const struct certificate_pair *x = a, *y = b;
        return x->number.n.e164 < y->number.n.e164;
}

static uint32_t count_numbers(struct certificate_pair *pairs, uint32_t count)
{
        uint32_t numbers = 0;
        sort_items(pairs, count, sizeof *pairs, by_number);
        for (uint32_t i = 0; i < count; i++)
                numbers += i == 0 || by_number(&pairs[i - 1], &pairs[i]);
        return numbers;
}

int certificate_make(struct certificate_pair *pairs, uint32_t count, struct certificate *out)
{
        *out = (struct certificate){.pairs = count};
        out->numbers = count_numbers(pairs, count);
        sort_items(pairs, count, sizeof *pairs, by_party);
        uint32_t holds = 0;
        for (uint32_t i = 0; i < count; i++) {
                bool is_same = i > 0 && pairs[i].party == pairs[i - 1].party;
                if (is_same && !by_number(&pairs[i - 1], &pairs[i])) {
                        out->first = i;
                        return ERR_CONFLICT;
                }
                out->parties += !is_same;
                out->quarantined += pairs[i].is_quarantined;
                holds = is_same ? holds + 1 : 1;
                if (holds > out->most) {
                        out->most = holds;
                        out->party = pairs[i].party;
                        out->first = i + 1 - holds;
                }
        }
        return 0;
}

void certificate_put_head(const struct certificate *certificate, bool is_complete, struct buf *out)
{
        buf_printf(out,
                   "{\"certificate\":1,\"most\":%" PRIu32 ",\"party\":\"%016" PRIx64
                   "\",\"numbers\":%" PRIu32 ",\"parties\":%" PRIu32 ",\"pairs\":%" PRIu32
                   ",\"quarantined\":%" PRIu32 ",\"complete\":%s}\n",
                   certificate->most, certificate->party, certificate->numbers,
                   certificate->parties, certificate->pairs, certificate->quarantined,
                   is_complete ? "true" : "false");
}

void certificate_put_pair(const struct certificate_pair *pair, struct buf *out)
{
        buf_printf(out, "{\"party\":\"%016" PRIx64 "\",\"number\":\"+", pair->party);
        buf_put_number(out, pair->number.n);
        buf_printf(out, "\",\"session\":%" PRIu64 ",\"quarantined\":%s}\n", pair->session_id,
                   pair->is_quarantined ? "true" : "false");
}
