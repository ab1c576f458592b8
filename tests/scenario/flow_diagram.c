/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flow_diagram.c - what happened, beside what the flow says should have.
 */
#include <stdio.h>
#include <stdlib.h>

#include "../unit/unit.h"
#include "flow_run.h"

#define LEFT_WIDTH 66

/* Without "SIP/2.0", which each has. */
static void start_line(char *out, size_t bytes, const struct flow_event *event)
{
        static const char version[] = "SIP/2.0";
        const char *text = event->text;
        size_t len = strcspn(text, "\r\n"), skip = sizeof version;
        bool has_sdp = strstr(text, "\r\n\r\nv=0");
        if (strncmp(text, version, skip - 1) == 0)
                text += skip, len -= skip;
        else if (len > skip)
                len -= skip;
        snprintf(out, bytes, "%.*s%s", (int)(len < bytes ? len : bytes), text,
                 has_sdp ? " (sdp)" : "");
}

static void print_event(FILE *out, const struct flow_run *run, const struct flow_event *event)
{
        char line[128], left[256], who[32];
        bool has_label = event->call && event->call->label[0];
        start_line(line, sizeof line, event);
        snprintf(who, sizeof who, "%s%s%s", event->peer->name, has_label ? "/" : "",
                 has_label ? event->call->label : "");
        snprintf(left, sizeof left, "%8lld ms  %-10s %s %.80s",
                 (long long)(event->at_ms - run->started_ms), who, event->is_sent ? "->" : "<-",
                 line);
        fprintf(out, "  %-*s", LEFT_WIDTH, left);
        if (event->step)
                fprintf(out, " | %3u %s", event->step->line, event->step->text);
        else if (!run->player)
                fprintf(out, " |     (not expected)");
        fprintf(out, "\n");
}

char *flow_diagram(const struct flow_run *run)
{
        char *text = NULL;
        size_t bytes = 0;
        FILE *out = open_memstream(&text, &bytes);
        assert_non_null(out);
        fprintf(out, "%s:%u: %s\n", run->flow->name, run->step->line, run->problem);
        fprintf(out, "  %-*s | %s\n", LEFT_WIDTH, "   what happened", "what the flow says");
        for (unsigned i = 0; i < run->event_count; i++)
                print_event(out, run, &run->events[i]);
        fprintf(out, "  %8lld ms  %-*s | %3u %s\n",
                (long long)(sim_world_now_ms(run->platform->sim) - run->started_ms),
                LEFT_WIDTH - 13, "here it failed", run->step->line, run->step->text);
        fclose(out);
        return text;
}
