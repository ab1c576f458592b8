/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/text.h"

uint64_t text_controls_of_tail(const char *block, size_t bytes)
{
        char padded[64];
        memset(padded, ' ', sizeof padded);
        memcpy(padded, block, bytes);
        return text_controls64(padded);
}
