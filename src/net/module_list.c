/* SPDX-License-Identifier: MIT */
/* Parses MODULE LIST. */
#include "net/module_list.h"

#include "base/bytes.h"

static bool add_name(struct buffer *names, rf_slice *rest)
{
    struct reply head = reply_next(rest);
    bool good = true;
    for (int64_t left = head.kind == REPLY_ARRAY ? head.number : 0; left > 1; left -= 2) {
        struct reply what = reply_next(rest);
        reply_skip(rest, what);
        struct reply value = reply_next(rest);
        reply_skip(rest, value);
        if (slice_equal(what.text, SLICE("name")) && value.text.len > 0)
            good = good && buffer_append(names, value.text) && buffer_append(names, SLICE("\0"));
    }
    return good;
}

bool module_list_names(struct reply list, rf_slice rest, struct buffer *names)
{
    bool good = true;
    for (int64_t left = list.number; left > 0 && good; left--)
        good = add_name(names, &rest);
    return good && buffer_append(names, SLICE("\0"));
}
