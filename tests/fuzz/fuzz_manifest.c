/* SPDX-License-Identifier: MIT */
/* Manifests: what is accepted can be printed, and says the same when it is read again. */
#include "aof/manifest.h"
#include "base/bytes.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_same(const struct manifest *a, const struct manifest *b)
{
    bool same = a->count == b->count;
    for (size_t i = 0; same && i < a->count; i++)
        same = strcmp(a->files[i].name, b->files[i].name) == 0 && a->files[i].seq == b->files[i].seq &&
               a->files[i].type == b->files[i].type;
    if (!same)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    rf_error error;
    struct manifest manifest = {0}, again = {0};
    struct buffer text = {0};
    if (manifest_parse(&manifest, slice_of(data, size), &error) == RF_OK) {
        bool shorter = true;
        for (size_t i = 0; i < manifest.count; i++) {
            size_t before = text.len;
            if (!manifest_print(&text, &manifest.files[i]))
                abort();
            shorter = shorter && text.len - before <= 1024; /* a name may need more room when quoted */
        }
        if (shorter) {
            if (manifest_parse(&again, buffer_slice(&text), &error) != RF_OK)
                abort();
            check_same(&manifest, &again);
        }
    }
    buffer_free(&text);
    manifest_free(&manifest);
    manifest_free(&again);
    return 0;
}
