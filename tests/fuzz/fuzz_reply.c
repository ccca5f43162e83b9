/* SPDX-License-Identifier: MIT */
/* What a target says, and what it is called: replies, which come to the same however they arrive; URLs, of
 * which what is printed reads as the same target. The first byte says which. */
#include "base/bytes.h"
#include "net/info.h"
#include "net/reply.h"
#include "support/exact.h"
#include <rdbferry/target.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Walks over a whole reply by its heads. */
static void walk(rf_slice bytes)
{
    rf_slice whole = exact_copy(bytes.ptr, bytes.len), rest = whole;
    uint64_t left = 1;
    for (; left > 0; left--) {
        struct reply reply = reply_next(&rest);
        char text[16];
        reply_text(reply, text, sizeof text);
        if (reply.kind == REPLY_ARRAY)
            left += (uint64_t)reply.number;
    }
    if (rest.len != 0)
        abort();
    rest = whole;
    struct reply head = reply_next(&rest);
    reply_skip(&rest, head);
    if (rest.len != 0)
        abort();
    exact_free(whole);
}

static void read_reply(rf_slice blob)
{
    struct reply_scan at_once = {0}, in_pieces = {0};
    rf_code code = reply_scan(&at_once, blob), piecewise = RF_END;
    for (size_t n = 0; n <= blob.len && piecewise == RF_END; n++)
        piecewise = reply_scan(&in_pieces, (rf_slice){blob.ptr, n});
    if (code != piecewise || (code == RF_OK && at_once.at != in_pieces.at))
        abort();
    if (code == RF_OK)
        walk((rf_slice){blob.ptr, at_once.at});
}

static void read_info(rf_slice blob)
{
    rf_slice value;
    info_server(blob);
    info_mode(blob);
    info_field(blob, "a", &value);
}

static void read_url(rf_slice blob)
{
    rf_target target, again;
    rf_error error;
    char *text = strndup((const char *)blob.ptr, blob.len), *printed[2];
    if (!text)
        abort();
    if (rf_target_parse(text, &target, &error) == RF_OK) {
        size_t size = rf_target_format(&target, NULL, 0) + 1;
        for (int i = 0; i < 2; i++)
            if (!(printed[i] = malloc(size)))
                abort();
        rf_target_format(&target, printed[0], size);
        if (rf_target_parse(printed[0], &again, &error) != RF_OK)
            abort();
        rf_target_format(&again, printed[1], size);
        if (strcmp(printed[0], printed[1]) != 0)
            abort();
        for (int i = 0; i < 2; i++)
            free(printed[i]);
        rf_target_free(&again);
        rf_target_free(&target);
    }
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const reads[])(rf_slice) = {read_reply, read_url, read_info};
    if (size == 0)
        return 0;
    rf_slice blob = exact_copy(data + 1, size - 1);
    reads[*data % (sizeof reads / sizeof *reads)](blob);
    exact_free(blob);
    return 0;
}
