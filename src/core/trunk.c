/* SPDX-License-Identifier: Apache-2.0 */
#include "core/trunk.h"

static bool ports_meet(uint16_t a, uint16_t b)
{
        return a == 0 || b == 0 || a == b;
}

bool trunk_sources_overlap(const struct trunk *a, const struct trunk *b)
{
        for (unsigned i = 0; i < a->source_count; i++)
                for (unsigned j = 0; j < b->source_count; j++)
                        if (ports_meet(a->sources[i].port, b->sources[j].port) &&
                            addr_prefix_overlaps(&a->sources[i].prefix, &b->sources[j].prefix))
                                return true;
        return false;
}

bool trunk_has_source(const struct trunk *trunk, const struct addr *source)
{
        for (unsigned i = 0; i < trunk->source_count; i++) {
                const struct trunk_source *s = &trunk->sources[i];
                if (addr_prefix_has(&s->prefix, source) && (!s->port || s->port == source->port))
                        return true;
        }
        return false;
}
