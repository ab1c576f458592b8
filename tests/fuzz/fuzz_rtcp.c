/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "fuzz.h"
#include "wire/rtcp.h"

static uint32_t word_at(const uint8_t *data, size_t size, size_t at)
{
        uint32_t word = 0;
        for (size_t i = at; i < at + 4; i++)
                word = word << 8 | (i < size ? data[i] : 0);
        return word;
}

static void check_same(const struct rtcp *a, const struct rtcp *b)
{
        MUST(a->ssrc == b->ssrc && a->has_bye == b->has_bye);
        MUST(a->has_sender == b->has_sender && a->has_report == b->has_report);
        if (a->has_sender)
                MUST(memcmp(&a->sender, &b->sender, sizeof a->sender) == 0);
        if (!a->has_report)
                return;
        MUST(a->report.ssrc == b->report.ssrc);
        MUST(a->report.fraction_lost == b->report.fraction_lost);
        MUST(a->report.cumulative_lost == b->report.cumulative_lost);
        MUST(a->report.highest_sequence == b->report.highest_sequence);
        MUST(a->report.jitter == b->report.jitter && a->report.last_sr == b->report.last_sr);
        MUST(a->report.delay_since_last_sr == b->report.delay_since_last_sr);
}

static void check(struct slice packet, uint32_t our_ssrc)
{
        struct rtcp rtcp = {.ssrc = 4711, .has_bye = true}, again;
        if (rtcp_parse(packet, our_ssrc, &rtcp)) {
                MUST(rtcp.ssrc == 4711 && rtcp.has_bye);
                return;
        }
        MUST(rtcp_is_likely(packet));
        MUST(!rtcp.has_report || rtcp.report.ssrc == our_ssrc);
        MUST(rtcp.report.cumulative_lost >= -0x800000 && rtcp.report.cumulative_lost < 0x800000);

        char bytes[128];
        struct buf b;
        buf_init(&b, bytes, sizeof bytes);
        rtcp_write(&b, rtcp.ssrc, rtcp.has_sender ? &rtcp.sender : NULL,
                   rtcp.has_report ? &rtcp.report : NULL, SLICE("0123456789abcdef"), rtcp.has_bye);
        MUST(buf_ok(&b) && b.len % 4 == 0);
        MUST(rtcp_parse(buf_slice(&b), our_ssrc, &again) == 0);
        check_same(&again, &rtcp);
}

/* Who we are decides which block counts: once as nobody, then as the first of an RR and an SR. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct slice packet = {(const char *)data, size};
        check(packet, 0x01020304);
        check(packet, word_at(data, size, 8));
        check(packet, word_at(data, size, 28));
        return 0;
}
