/* SPDX-License-Identifier: Apache-2.0 */
#include "base/nearest.h"

#include <limits.h>

#define WORD_MAX 64

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
        unsigned least = a < b ? a : b;
        return least < c ? least : c;
}

unsigned nearest_distance(struct slice a, struct slice b)
{
        if (a.len > WORD_MAX || b.len > WORD_MAX)
                return UINT_MAX;

        unsigned row[WORD_MAX + 1];
        for (unsigned j = 0; j <= b.len; j++)
                row[j] = j;
        for (unsigned i = 1; i <= a.len; i++) {
                unsigned diagonal = row[0];
                row[0] = i;
                for (unsigned j = 1; j <= b.len; j++) {
                        unsigned above = row[j];
                        unsigned change = diagonal + (a.p[i - 1] != b.p[j - 1]);
                        row[j] = min3(change, above + 1, row[j - 1] + 1);
                        diagonal = above;
                }
        }
        return row[b.len];
}

void nearest_init(struct nearest *nearest, struct slice word)
{
        /* A third of the letters may be wrong, and at most three. */
        unsigned most = (unsigned)(word.len / 3);
        *nearest = (struct nearest){.word = word, .distance = (most < 3 ? most : 3) + 1};
}

/* Each letter that one has more than the other is one step at least. */
static bool is_of_another_length(struct slice a, struct slice b, unsigned distance)
{
        return (a.len > b.len ? a.len - b.len : b.len - a.len) >= distance;
}

static unsigned distance_to(const struct nearest *nearest, struct slice known)
{
        /* A beginning is no slip but a name remembered in part. */
        if (nearest->word.len >= 3 && slice_starts_with(known, nearest->word))
                return 1;
        if (is_of_another_length(nearest->word, known, nearest->distance))
                return UINT_MAX;
        return nearest_distance(nearest->word, known);
}

void nearest_offer(struct nearest *nearest, const char *known)
{
        unsigned distance = distance_to(nearest, slice_from(known));
        if (distance >= nearest->distance)
                return;
        nearest->distance = distance;
        nearest->best = known;
}
