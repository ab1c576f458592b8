/* SPDX-License-Identifier: Apache-2.0 */
#include "api/rest_blocks.h"

#include <stdio.h>
#include <string.h>

#include "api/party_fields.h"
#include "store/directory_block.h"

#define NUMBERS 2

const struct body_field rest_blocks_fields[] = {{"numbers", BODY_LIST, true}, {NULL}};

static json_t *block_json(const struct directory_block *block)
{
        return json_pack("{s:s, s:o}", "id", block_id_format(block->id).text, "created_at",
                         rest_time(block->created_ms));
}

static bool refuse_numbers(struct rest *rest, const char *field, const char *rule)
{
        rest_refuse(rest, PROBLEM_BAD_VALUE, field,
                    "Write it like [\"+91...\", \"+91...\"], two different people's.", "%s", rule);
        return false;
}

static bool read_numbers(struct rest *rest, struct real_number out[NUMBERS])
{
        const json_t *values[1];
        if (!body_fields(rest, rest->body, "", rest_blocks_fields, values))
                return false;
        if (json_array_size(values[0]) != NUMBERS)
                return refuse_numbers(rest, "numbers", "a block is between exactly two numbers");
        for (size_t i = 0; i < NUMBERS; i++) {
                char field[24];
                const json_t *text = json_array_get(values[0], i);
                snprintf(field, sizeof field, "numbers[%zu]", i);
                if (!json_is_string(text))
                        return refuse_numbers(rest, field, "a number is a text");
                if (!party_fields_own_number(rest, text, field, &out[i]))
                        return false;
        }
        if (number_equal(out[0].n, out[1].n))
                return refuse_numbers(rest, "numbers[1]", "both are the same number");
        return true;
}

static void refuse(struct rest *rest, int err)
{
        if (err == ERR_TOO_LARGE)
                rest_refuse(rest, PROBLEM_STATE, NULL,
                            "Remove those that are no longer needed (maskline block list).",
                            "the tenant has %d blocked pairs, as many as one may have",
                            DIRECTORY_BLOCKS_OF);
        else if (err == ERR_IN_USE)
                rest_refuse(rest, PROBLEM_LIMIT, NULL,
                            "Remove those that are no longer needed (maskline block list).",
                            "all tenants together have %d blocked pairs, as many as there may be",
                            DIRECTORY_BLOCKS_MAX);
        else
                rest_refuse_store(rest, err);
}

void rest_blocks_create(struct rest *rest)
{
        struct real_number numbers[NUMBERS];
        struct directory_block block;
        struct rest_wait *wait = NULL;
        bool repeated;
        if (!read_numbers(rest, numbers) || !(wait = rest_wait_create(rest)))
                goto done;
        int err = directory_block_add(rest->api->params.directory, rest->who.tenant_id, numbers[0],
                                      numbers[1], &block, &repeated, rest_wait_done, wait);
        if (err) {
                rest_wait_destroy(wait);
                refuse(rest, err);
                goto done;
        }
        struct block_id_text id = block_id_format(block.id);
        wait->status = repeated ? 200 : 201;
        if (!repeated)
                snprintf(wait->told, sizeof wait->told, "block %s: added", id.text);
        snprintf(wait->location, sizeof wait->location, "/v1/blocks/%s", id.text);
        wait->answer = block_json(&block);
done:
        explicit_bzero(numbers, sizeof numbers);
}

static bool find_or_refuse(struct rest *rest, struct directory_block *out)
{
        uint64_t id;
        if (!block_id_parse(slice_from(rest->segment), &id) &&
            !directory_block_find(rest->api->params.directory, rest->who.tenant_id, id, out))
                return true;
        rest_refuse(rest, PROBLEM_NOT_FOUND, NULL,
                    "GET /v1/blocks (maskline block list) lists them; POST of the same two numbers "
                    "tells their id.",
                    "there is no such block");
        return false;
}

void rest_blocks_show(struct rest *rest)
{
        struct directory_block block;
        if (find_or_refuse(rest, &block))
                rest_answer(rest->api, rest->exchange, 200, block_json(&block));
}

void rest_blocks_remove(struct rest *rest)
{
        struct directory_block block;
        if (!find_or_refuse(rest, &block))
                return;
        struct rest_wait *wait = rest_wait_create(rest);
        if (!wait)
                return;
        wait->status = 204;
        snprintf(wait->told, sizeof wait->told, "block %s: removed",
                 block_id_format(block.id).text);
        int err = directory_block_remove(rest->api->params.directory, block.tenant_id, block.id,
                                         rest_wait_done, wait);
        if (err) {
                rest_wait_destroy(wait);
                refuse(rest, err);
        }
}

void rest_blocks_list(struct rest *rest)
{
        uint32_t limit;
        uint64_t before = 0;
        struct directory_block block;
        const struct directory *directory = rest->api->params.directory;
        if (!query_limit(rest, rest->query[0], &limit))
                return;
        bool is_first = !rest->query[1][0];
        if (!is_first && (block_id_parse(slice_from(rest->query[1]), &before) ||
                          directory_block_find(directory, rest->who.tenant_id, before, &block))) {
                rest_refuse(rest, PROBLEM_BAD_QUERY, "before",
                            "Use the \"next\" of a page, or begin again.",
                            "before must be the id of a block that is there");
                return;
        }
        static struct directory_block blocks[REST_PAGE_MAX + 1];
        uint32_t count =
                directory_block_list(directory, rest->who.tenant_id, before, blocks, limit + 1);
        json_t *list = json_array();
        for (uint32_t i = 0; i < count && i < limit; i++)
                json_array_append_new(list, block_json(&blocks[i]));
        json_t *next = count > limit ? json_string(block_id_format(blocks[limit - 1].id).text)
                                     : json_null();
        rest_answer(rest->api, rest->exchange, 200,
                    json_pack("{s:o, s:o}", "blocks", list, "next", next));
}
