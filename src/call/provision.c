/* SPDX-License-Identifier: Apache-2.0 */
#include "call/provision.h"

#include <errno.h>

#include "base/log.h"
#include "base/secret.h"

#define SECRET_BYTES TRUNK_HEADERS_BYTES /* a password is shorter */
_Static_assert(TRUNK_PASSWORD_BYTES <= SECRET_BYTES, "either fits");

static int give_password(struct directory *directory, struct sip_trunks *trunks,
                         const struct trunk *trunk, void *memory)
{
        struct buf password;
        buf_init(&password, memory, TRUNK_PASSWORD_BYTES);
        int err = directory_trunk_password(directory, trunk, &password);
        if (err)
                log_error("trunk %s: its password cannot be read: %s; set it again (maskline trunk "
                          "set)",
                          trunk->name, err_text(err));
        return sip_trunks_set_password(trunks, trunk->id, err ? SLICE_NONE : buf_slice(&password));
}

static int give_headers(struct directory *directory, struct sip_trunks *trunks,
                        const struct trunk *trunk, void *memory)
{
        struct buf lines;
        buf_init(&lines, memory, TRUNK_HEADERS_BYTES);
        int err = directory_trunk_headers(directory, trunk, &lines);
        if (err)
                log_error("trunk %s: the headers of its INVITEs cannot be read: %s; set them again "
                          "(maskline trunk set)",
                          trunk->name, err_text(err));
        return sip_trunks_set_headers(trunks, trunk->id, err ? SLICE_NONE : buf_slice(&lines));
}

int provision_trunk(struct directory *directory, struct sip_trunks *trunks,
                    const struct trunk *trunk)
{
        void *memory = secret_alloc(SECRET_BYTES);
        if (!memory)
                return -ENOMEM;
        int err = sip_trunks_put(trunks, trunk);
        if (!err)
                err = give_password(directory, trunks, trunk, memory);
        if (!err)
                err = give_headers(directory, trunks, trunk, memory);
        secret_free(memory, SECRET_BYTES);
        return err;
}
