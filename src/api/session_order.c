/* SPDX-License-Identifier: Apache-2.0 */
#include "api/session_order.h"

#include <stdio.h>
#include <string.h>

#include "api/party_fields.h"
#include "api/rest_pools.h"
#include "api/rest_session_refusal.h"
#include "api/session_fields.h"
#include "api/session_json.h"
#include "api/wish_fields.h"

static const struct directory_pool *choose_pool(struct rest *rest, const json_t *body)
{
        const json_t *name = json_object_get(body, "pool");
        return rest_pools_named(rest, json_is_string(name) ? body_slice(name) : SLICE("default"),
                                "pool");
}

static bool check_parties(struct rest *rest, const struct session_create *create,
                          const struct pool_policy *policy)
{
        for (unsigned i = 0; i < create->party_count; i++) {
                char where[24];
                snprintf(where, sizeof where, "parties[%u].", i);
                if (!party_fields_check(rest, &create->parties[i], policy, where))
                        return false;
        }
        return true;
}

static bool is_known_before(const struct session_asked *asked, unsigned party)
{
        for (unsigned i = 0; i < asked->create.party_count; i++)
                if (i != party && !strcmp(asked->pins[i].digits, asked->pins[party].digits))
                        return true;
        return false;
}

static void set_pins(const struct api *api, struct session_asked *asked)
{
        struct session_create *create = &asked->create;
        for (unsigned i = 0; i < create->party_count; i++) {
                if (asked->pins[i].is_drawn) {
                        create->drawn_pins |= 1u << i;
                        do
                                session_pin_draw(api, asked->pin_digits, &asked->pins[i]);
                        while (is_known_before(asked, i));
                }
                create->parties[i].pin = session_pin_hash(api, create->tenant_id, &asked->pins[i]);
        }
}

static int create(const struct api *api, struct session_asked *asked, struct session_view *view,
                  bool *repeated, struct session_refusal *refusal, directory_done *done, void *arg)
{
        int err = 0;
        for (unsigned i = 0; i < SESSION_PIN_DRAWS_MAX; i++) {
                set_pins(api, asked);
                err = directory_session_create(api->params.directory, &asked->create, view,
                                               repeated, refusal, done, arg);
                bool may_be_the_digits = err == ERR_NO_NUMBER || err == ERR_CONFLICT;
                if (!asked->create.drawn_pins || !may_be_the_digits)
                        break;
        }
        return err;
}

static void put_answer(const struct api *api, const struct session_asked *asked,
                       const struct session_view *view, struct session_order *order)
{
        const struct session_create *create = &asked->create;
        order->id = session_id_format(api->params.directory, view->id);
        order->answer = session_json(api, view, true);
        json_object_set_new(order->answer, "repeated", json_boolean(order->repeated));
        order->tells_secret = create->drawn_pins && !order->repeated;
        for (unsigned i = 0; order->tells_secret && i < create->party_count; i++) {
                if (create->drawn_pins & 1u << i)
                        session_json_put_pin(order->answer, i, asked->pins[i].digits);
        }
}

bool session_order(struct rest *rest, const json_t *body, struct session_order *order,
                   directory_done *done, void *arg)
{
        struct api *api = rest->api;
        struct session_asked asked = {0};
        struct session_refusal refusal = {0};
        struct session_view view;
        bool is_done = false;
        const struct directory_pool *pool = choose_pool(rest, body);
        if (!pool || !session_fields_read(rest, body, (enum session_model)pool->policy.model,
                                          directory_now(api->params.directory), &asked))
                goto done;
        asked.create.pool_id = pool->id;
        asked.create.is_trial = order->is_trial;
        if (!check_parties(rest, &asked.create, &pool->policy))
                goto done;
        for (unsigned i = 0; i < asked.create.party_count; i++)
                wish_fields_default(&asked.create.parties[i], &pool->policy, &asked.create.wish[i]);
        int err = create(api, &asked, &view, &order->repeated, &refusal, done, arg);
        is_done = !err;
        if (err)
                rest_session_refuse(rest, &asked.create, &refusal, err);
        else if (!order->is_trial)
                put_answer(api, &asked, &view, order);
done:
        explicit_bzero(&asked, sizeof asked);
        return is_done;
}
