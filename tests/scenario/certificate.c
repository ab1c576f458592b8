/* SPDX-License-Identifier: Apache-2.0 */
/*
 * certificate.c - one certificate for everybody in the simulated world, made when first asked for.
 */
#include "../unit/io/tls_files.h"
#include "platform.h"

static struct tls_context *made;

static void destroy_made(void)
{
        tls_context_destroy(made);
}

const struct tls_context *platform_tls(void)
{
        if (made)
                return made;
        struct authority authority;
        struct granted granted;
        authority_init(&authority, "authority");
        grant(&authority,
              &(struct wish){.name = "everybody",
                             .san = "IP:127.0.0.1,IP:" NORTH_IP ",IP:" SOUTH_IP},
              &granted);
        made = context_of(&granted.files);
        authority_fini(&authority);
        (void)atexit(destroy_made);
        return made;
}
