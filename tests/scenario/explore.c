/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explore.c - the search: shortest paths first, each state once, each path from the beginning.
 */
#include "explore.h"

#include <stdio.h>
#include <stdlib.h>

#include "../unit/unit.h"
#include "under_way.h"

#define SEEN_START 4096

/* Where the exploring begins, and what is possible there. */
static const struct scene {
        const char *name, *path;
        unsigned kits;
        bool has_ringback;  /* and so a description in our 180 */
        bool refuses_early; /* refused callers are not answered */
} scenes[] = {
        {"setup", "i", 0, false, false},    /* the INVITE is out */
        {"ringing", "i1", 0, false, false}, /* the callee rings */
        {"answered", "i12", 0, false,
         false}, /* and has answered, the caller has not acknowledged */
        {"talking", "i12a", 0, false, false}, /* both talk */
        {"reliable", "i3", 0, false, false},  /* the callee rings, our PRACK is out */
        {"required", "j", 0, false, false},   /* the caller's INVITE requires 100rel */
        {"waiting", "J1", 0, false,
         false}, /* nor did it offer: ours in the 180 waits for its PRACK */
        {"held", "J12", 0, false, false}, /* and so does the 200 */
        /* our 180 has the answer, so that its PRACK may make an offer */
        {"early", "j1", KIT_EARLY, true, false},
        {"offerless", "N12", KIT_OFFERS, false, false},    /* our 200 makes the offer */
        {"holding", "i12ada", KIT_OFFERS, false, false},   /* the caller holds */
        {"refreshing", "YZaTt", KIT_TIMERS, false, false}, /* our refreshes of both legs are out */
        {"refreshed", "yzaT", KIT_TIMERS, false, false},   /* those of both peers are due */
        {"refused", "X", KIT_REFUSED, false, false}, /* the announcement is about to be heard */
        {"refused-early", "X", KIT_REFUSED, false, true},    /* it is heard before an answer */
        {"refused-reliably", "M", KIT_REFUSED, false, true}, /* and waits for no PRACK */
};

static const struct scene *find_scene(const char *name)
{
        static const struct scene any = {"", "", ~0U, false, false};
        for (size_t i = 0; i < sizeof scenes / sizeof scenes[0] && name; i++) {
                if (!strcmp(scenes[i].name, name))
                        return &scenes[i];
        }
        if (name)
                fail_msg("no such scene: %s", name);
        return &any;
}

/* ---- one path ---- */

static const struct flow *flow_of_moves(void)
{
        static struct flow *flow;
        char problem[FLOW_PROBLEM_BYTES];
        if (flow)
                return flow;
        char *text = explore_flow_text();
        flow = flow_read("explore", text, problem);
        free(text);
        if (!flow)
                fail_msg("%s", problem);
        return flow;
}

static void init_side(struct play *play, struct side *side, const char *name)
{
        side->name = name;
        side->peer = flow_peer_find(play->run, name);
        side->call = flow_call_get(side->peer, "");
}

static void on_pool_changed(void *arg, int err)
{
        (void)arg;
        assert_int_equal(err, 0);
}

static void refuse_early(struct directory *dir)
{
        struct directory_pool pool = *directory_pool_get(dir, 1, DIRECTORY_DEFAULT_POOL);
        pool.policy.refusal = REFUSAL_EARLY;
        assert_int_equal(directory_pool_change(dir, &pool, on_pool_changed, NULL), 0);
}

static struct play *begin(const struct exploration *what)
{
        struct play *play = calloc(1, sizeof *play);
        assert_non_null(play);
        const struct scene *scene = find_scene(what->scene);
        const struct platform_options options = {
                .seed = 1,
                .calls_per_s_max = 1,
                .is_silent = !scene->has_ringback,
                .survives = what->crashes > 0,
        };
        play->what = what;
        play->kits = scene->kits;
        play->run = flow_run_create(flow_of_moves(), &options);
        play->run->on_message = explore_on_message;
        play->run->player = play;
        play->run->is_mute = true;
        init_side(play, &play->agent, "agent");
        init_side(play, &play->customer, "customer");
        play->agent.is_caller = true;
        under_way(play->path);
        for (unsigned i = 0; i < play->run->flow->step_count; i++) {
                if (play->run->flow->steps[i].kind == FLOW_SESSION)
                        flow_play_step(play->run, &play->run->flow->steps[i]);
        }
        if (scene->refuses_early)
                refuse_early(play->run->platform->directory);
        sim_world_run_ms(play->run->platform->sim, 100);
        return play;
}

static void end(struct play *play)
{
        under_way(NULL);
        /* Paths end in the midst of calls; explore_check_end() has seen to what must be over. */
        play->run->has_failed = true;
        flow_run_destroy(play->run);
        free(play);
}

static const struct move *move_of(char code)
{
        const struct move *move;
        for (unsigned i = 0; (move = explore_move_at(i)); i++) {
                if (move->code == code)
                        return move;
        }
        fail_msg("no such move: %c", code);
        return NULL;
}

static void make(struct play *play, const struct move *move)
{
        play->path[play->moves++] = move->code;
        play->faults += move->faults;
        play->crashes += move->crashes;
        if (move->act)
                move->act(play);
        else
                explore_send(play, move->line);
        /* The network takes no time: what was sent has arrived, and so has what it led to. */
        sim_world_run_ms(play->run->platform->sim, 0);
        if (!play->run->has_failed)
                explore_check_step(play);
}

static struct play *play_path(const struct exploration *what, const char *path)
{
        struct play *play = begin(what);
        assert_true(strlen(path) <= EXPLORE_MOVES_MAX);
        for (; *path && !play->run->has_failed; path++) {
                const struct move *move = move_of(*path);
                if (move->may(play))
                        make(play, move);
                else
                        flow_fail(play->run, "'%c' cannot be done here", *path);
        }
        return play;
}

static void leave_alone(struct play *play, bool is_dutiful)
{
        play->is_dutiful = is_dutiful;
        if (!is_dutiful)
                explore_note_session(play);
        if (is_dutiful) {
                explore_do_duty(play, &play->agent);
                explore_do_duty(play, &play->customer);
                sim_world_run_ms(play->run->platform->sim, 0);
        }
        explore_check_end(play);
}

static char *report_of(const struct play *play)
{
        char *diagram = flow_diagram(play->run), *text = NULL;
        assert_true(asprintf(&text, "path %s, then the peers %s\n%s", play->path,
                             play->is_dutiful ? "do what they owe" : "fall silent", diagram) > 0);
        free(diagram);
        return text;
}

bool explore_path(const struct exploration *what, const char *path, char **report)
{
        bool is_good = true;
        *report = NULL;
        for (int is_dutiful = 0; is_dutiful < 2 && is_good; is_dutiful++) {
                struct play *play = play_path(what, path);
                if (!play->run->has_failed)
                        leave_alone(play, is_dutiful);
                is_good = !play->run->has_failed;
                free(*report);
                *report = report_of(play);
                end(play);
        }
        return is_good;
}

uint64_t explore_state(const struct exploration *what, const char *path)
{
        struct play *play = play_path(what, path);
        if (play->run->has_failed)
                fail_msg("%s: %s", path, play->run->problem);
        uint64_t digest = explore_digest(play);
        end(play);
        return digest;
}

/* ---- which states there were ---- */

struct seen {
        uint64_t *digests; /* 0: free */
        size_t room, count;
};

static bool seen_put(struct seen *seen, uint64_t digest)
{
        digest |= digest == 0;
        for (size_t i = digest % seen->room;; i = (i + 1) % seen->room) {
                if (seen->digests[i] == digest)
                        return false;
                if (seen->digests[i])
                        continue;
                seen->digests[i] = digest;
                seen->count++;
                return true;
        }
}

static bool seen_add(struct seen *seen, uint64_t digest)
{
        if (2 * (seen->count + 1) > seen->room) {
                struct seen larger = {.room = seen->room ? 2 * seen->room : SEEN_START};
                larger.digests = calloc(larger.room, sizeof *larger.digests);
                assert_non_null(larger.digests);
                for (size_t i = 0; i < seen->room; i++) {
                        if (seen->digests[i])
                                seen_put(&larger, seen->digests[i]);
                }
                free(seen->digests);
                *seen = larger;
        }
        return seen_put(seen, digest);
}

/* ---- the search ---- */

/* A state to go on from, and the moves that are possible there. */
struct node {
        char path[EXPLORE_MOVES_MAX + 1];
        uint64_t moves[EXPLORE_WORDS];
};

struct level {
        struct node *nodes; /* owned */
        size_t count, room;
};

static void level_add(struct level *level, const struct play *play)
{
        if (level->count == level->room) {
                level->room = level->room ? 2 * level->room : 256;
                level->nodes = realloc(level->nodes, level->room * sizeof *level->nodes);
                assert_non_null(level->nodes);
        }
        struct node *node = &level->nodes[level->count++];
        memset(node, 0, sizeof *node);
        memcpy(node->path, play->path, sizeof node->path);
        const struct move *move;
        for (unsigned i = 0; (move = explore_move_at(i)); i++) {
                assert_true(i < 64 * EXPLORE_WORDS);
                node->moves[i / 64] |= (uint64_t)explore_may(play, move) << i % 64;
        }
}

static bool note_failure(struct play *play, struct explored *out)
{
        if (!play->run->has_failed)
                return false;
        memcpy(out->path, play->path, sizeof out->path);
        out->report = report_of(play);
        return true;
}

/* Plays one path; a new state is left alone in both ways, and goes into `next`. */
static bool visit(const struct exploration *what, const char *path, struct seen *seen,
                  struct level *next, struct explored *out)
{
        struct play *play = play_path(what, path);
        out->paths++;
        bool has_failed = note_failure(play, out);
        bool is_new = !has_failed && seen_add(seen, explore_digest(play));
        if (is_new) {
                out->states++;
                level_add(next, play);
                leave_alone(play, false);
                has_failed = note_failure(play, out);
        }
        end(play);
        if (!is_new || has_failed)
                return !has_failed;
        play = play_path(what, path);
        leave_alone(play, true);
        has_failed = note_failure(play, out);
        end(play);
        return !has_failed;
}

static bool visit_children(const struct exploration *what, const struct node *node,
                           struct seen *seen, struct level *next, struct explored *out)
{
        char path[EXPLORE_MOVES_MAX + 2];
        const struct move *move;
        for (unsigned i = 0; (move = explore_move_at(i)); i++) {
                if (!(node->moves[i / 64] >> i % 64 & 1))
                        continue;
                snprintf(path, sizeof path, "%s%c", node->path, move->code);
                if (!visit(what, path, seen, next, out))
                        return false;
        }
        return true;
}

bool explore(const struct exploration *what, struct explored *out)
{
        struct seen seen = {0};
        struct level level = {0};
        *out = (struct explored){0};
        bool is_good = visit(what, find_scene(what->scene)->path, &seen, &level, out);
        for (unsigned depth = 0; depth < what->depth && is_good; depth++) {
                struct level next = {0};
                for (size_t i = 0; i < level.count && is_good; i++)
                        is_good = visit_children(what, &level.nodes[i], &seen, &next, out);
                free(level.nodes);
                level = next;
        }
        free(level.nodes);
        free(seen.digests);
        return is_good;
}
