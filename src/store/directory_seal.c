/* SPDX-License-Identifier: Apache-2.0 */
/* What of a session is sealed, and how it is read again. */
#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "base/log.h"
#include "store/directory_impl.h"

void seal_context_begin(struct seal_context *c, const char *what, uint32_t tenant_id,
                        uint64_t session_id)
{
        buf_init(&c->buf, c->bytes, sizeof c->bytes);
        buf_put_text(&c->buf, what);
        buf_put_be32(&c->buf, tenant_id);
        buf_put_be64(&c->buf, session_id);
}

static struct slice context_of(uint32_t tenant_id, uint64_t session_id, struct seal_context *c)
{
        seal_context_begin(c, "session parties", tenant_id, session_id);
        assert(buf_ok(&c->buf));
        return buf_slice(&c->buf);
}

struct slice row_sealed(const struct directory *dir, const struct row *row,
                        uint8_t out[STORE_SEALED_MAX])
{
        size_t here =
                row->sealed_bytes < sizeof row->sealed ? row->sealed_bytes : sizeof row->sealed;
        memcpy(out, row->sealed, here);
        pieces_get(&dir->pieces, row->rest, out + here, row->sealed_bytes - here);
        return (struct slice){(const char *)out, row->sealed_bytes};
}

int row_take_sealed(struct directory *dir, struct row *row, struct slice sealed)
{
        size_t here = sealed.len < sizeof row->sealed ? sealed.len : sizeof row->sealed;
        uint32_t rest;
        int err = pieces_put(&dir->pieces, sealed.p + here, sealed.len - here, &rest);
        if (err)
                return err;
        memset(row->sealed, 0, sizeof row->sealed);
        memcpy(row->sealed, sealed.p, here);
        row->sealed_bytes = (uint16_t)sealed.len;
        row->rest = rest;
        return 0;
}

int row_seal(struct directory *dir, const struct session *session, struct row *row)
{
        struct buf plain, sealed;
        uint8_t bytes[STORE_SEALED_MAX];
        buf_init(&plain, dir->scratch->plain, sizeof dir->scratch->plain);
        buf_init(&sealed, bytes, sizeof bytes);
        session_encode(session, &plain);

        struct seal_context context;
        int err = vault_seal(dir->vault, session->key_slot,
                             context_of(session->tenant_id, session->id, &context),
                             buf_slice(&plain), &sealed);
        explicit_bzero(dir->scratch->plain, sizeof dir->scratch->plain);
        return err ? err : row_take_sealed(dir, row, buf_slice(&sealed));
}

/* `session` has all but its parties. */
static int unseal_parties(const struct directory *dir, struct slice sealed, struct session *session)
{
        struct seal_context context;
        struct buf plain;
        buf_init(&plain, dir->scratch->plain, sizeof dir->scratch->plain);
        int err =
                vault_unseal(dir->vault, session->key_slot,
                             context_of(session->tenant_id, session->id, &context), sealed, &plain);
        if (!err)
                err = session_decode(buf_slice(&plain), session);
        explicit_bzero(dir->scratch->plain, plain.len);
        return err;
}

static struct session *begin_open(const struct directory *dir)
{
        assert(!dir->scratch->is_open);
        dir->scratch->is_open = true;
        return &dir->scratch->opened;
}

void row_close(const struct directory *dir)
{
        assert(dir->scratch->is_open);
        explicit_bzero(&dir->scratch->opened, sizeof dir->scratch->opened);
        dir->scratch->is_open = false;
}

static const struct session *finish_open(const struct directory *dir, struct slice sealed)
{
        struct session *session = &dir->scratch->opened;
        int err = unseal_parties(dir, sealed, session);
        if (!err)
                return session;
        log_error("store: session row %" PRIu64 " can't be unsealed: %s", session->id,
                  err_text(err));
        row_close(dir);
        return NULL;
}

const struct session *row_open(const struct directory *dir, const struct row *row)
{
        *begin_open(dir) = (struct session){
                .id = row->id,
                .tenant_id = row->tenant_id,
                .pool_id = row->pool_id,
                .state = (enum session_state)row->state,
                .created_ms = row->created_ms,
                .starts_ms = row->starts_ms,
                .expires_ms = row->expires_ms,
                .ended_ms = row->ended_ms,
                .key_slot = row->key_slot,
        };
        /* Two parties are read where they are. */
        if (row->sealed_bytes <= sizeof row->sealed)
                return finish_open(dir,
                                   (struct slice){(const char *)row->sealed, row->sealed_bytes});
        uint8_t bytes[STORE_SEALED_MAX];
        return finish_open(dir, row_sealed(dir, row, bytes));
}

const struct session *row_open_stored(const struct directory *dir,
                                      const struct store_session *stored)
{
        struct session *session = begin_open(dir);
        *session = (struct session){
                .id = stored->id,
                .tenant_id = stored->tenant_id,
                .pool_id = stored->pool_id,
                .state = stored->state,
                .created_ms = stored->created_ms,
                .starts_ms = stored->starts_ms,
                .expires_ms = stored->expires_ms,
                .ended_ms = stored->ended_ms,
                .key_slot = stored->key_slot,
        };
        memcpy(session->reference, stored->reference, sizeof session->reference);
        return finish_open(dir, (struct slice){(const char *)stored->sealed, stored->sealed_bytes});
}
