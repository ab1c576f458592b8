/* SPDX-License-Identifier: Apache-2.0 */
#include "media/source.h"

#include <assert.h>
#include <string.h>

/* As long as the pinned address is heard, nothing that could be learnt takes its place. */
#define TAKE_OVER_MS 1000

void source_set(struct source *s, const struct addr *signalled, const struct addr_prefix *prefixes,
                uint8_t prefix_count)
{
        assert(prefix_count <= MEDIA_SOURCES_MAX);
        if (!addr_equal(&s->signalled, signalled))
                s->pinned = (struct addr){0};
        s->signalled = *signalled;
        if (prefix_count)
                memcpy(s->prefixes, prefixes, prefix_count * sizeof *prefixes);
        s->prefix_count = prefix_count;
        s->may_learn = true;
        memset(s->candidates, 0, sizeof s->candidates);
}

/* Of the family that was agreed on: nobody was told that we are at an address of another one. */
static bool is_within_prefixes(const struct source *s, const struct addr *from)
{
        if (from->family != s->signalled.family)
                return false;
        for (int i = 0; i < s->prefix_count; i++) {
                if (addr_prefix_has(&s->prefixes[i], from))
                        return true;
        }
        return false;
}

static bool is_signalled(const struct source *s, const struct addr *from)
{
        return s->signalled.family && addr_equal(from, &s->signalled);
}

static bool is_pinned(const struct source *s, const struct addr *from)
{
        return s->pinned.family && addr_equal(from, &s->pinned);
}

bool source_may_be(const struct source *s, const struct addr *from, int64_t now_ms)
{
        if (is_pinned(s, from) || is_signalled(s, from))
                return true;
        if (!s->may_learn || !is_within_prefixes(s, from))
                return false;
        return !s->pinned.family || now_ms - s->heard_ms >= TAKE_OVER_MS;
}

static struct source_candidate *half_of(struct source *s, bool is_signalled)
{
        return &s->candidates[is_signalled ? 0 : SOURCE_CANDIDATES / 2];
}

static void end_candidates(struct source *s, bool is_signalled)
{
        memset(half_of(s, is_signalled), 0, sizeof s->candidates / 2);
}

/*
 * The current source speaking on ends a candidate's chance, or two sources that speak at once
 * would take turns. Only the signalled address keeps it against one that was merely learnt.
 */
static void go_on_with_pinned(struct source *s)
{
        end_candidates(s, false);
        if (is_signalled(s, &s->pinned))
                end_candidates(s, true);
}

/* The packet is the next one of a candidate; else it makes one, in the place of the oldest. */
static bool is_next_of_candidate(struct source *s, const struct addr *from, uint32_t ssrc,
                                 uint16_t sequence)
{
        bool is_first_half = is_signalled(s, from);
        struct source_candidate *half = half_of(s, is_first_half), *one = NULL;
        for (int i = 0; i < SOURCE_CANDIDATES / 2; i++) {
                if (half[i].from.family && addr_equal(&half[i].from, from) && half[i].ssrc == ssrc)
                        one = &half[i];
        }
        if (one && one->next == sequence)
                return true;
        if (!one) {
                uint8_t *oldest = &s->oldest[is_first_half];
                one = &half[*oldest];
                *oldest = (uint8_t)((*oldest + 1) % (SOURCE_CANDIDATES / 2));
        }
        *one = (struct source_candidate){*from, ssrc, (uint16_t)(sequence + 1)};
        return false;
}

enum source_verdict source_check(struct source *s, const struct addr *from, uint32_t ssrc,
                                 uint16_t sequence, bool is_current_ssrc, int64_t now_ms)
{
        if (!source_may_be(s, from, now_ms))
                return SOURCE_STRANGER;
        if (is_pinned(s, from)) {
                s->heard_ms = now_ms;
                if (is_current_ssrc) {
                        go_on_with_pinned(s);
                        return SOURCE_CURRENT;
                }
        }

        if (!is_next_of_candidate(s, from, ssrc, sequence))
                return SOURCE_CANDIDATE;

        if (!is_pinned(s, from))
                s->may_learn = false;
        s->pinned = *from;
        s->heard_ms = now_ms;
        memset(s->candidates, 0, sizeof s->candidates);
        return SOURCE_NEW;
}

bool source_may_report(const struct source *s, const struct addr *from)
{
        if (s->pinned.family)
                return addr_equal_ip(from, &s->pinned);
        return s->signalled.family && addr_equal_ip(from, &s->signalled);
}

struct addr source_target(const struct source *s)
{
        struct addr target = s->pinned.family ? s->pinned : s->signalled;
        if (target.family && (target.port == 0 || addr_is_any(&target)))
                return (struct addr){0};
        return target;
}
