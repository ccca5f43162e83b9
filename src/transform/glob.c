/* SPDX-License-Identifier: MIT */
/* Globs in the syntax of KEYS and SCAN. */
#include "transform/glob.h"
#include "base/fail.h"
#include "transform/glob_elements.h"
#include <stdlib.h>

struct glob {
    struct glob_element *elements;
    size_t count;
    struct glob_runs runs;
};

rf_code glob_new(rf_slice pattern, struct glob **out, rf_error *error)
{
    struct glob *glob = calloc(1, sizeof *glob);
    if (glob)
        glob->elements = glob_split(pattern, &glob->count);
    if (!glob || !glob->elements || !glob_runs_make(&glob->runs, glob->elements, glob->count)) {
        glob_free(glob);
        return fail(error, RF_E_MEMORY, "out of memory for a pattern of %zu bytes", pattern.len);
    }
    *out = glob;
    return RF_OK;
}

/* The server checks for "*" before it looks at a key, and rejects an empty key before it looks at the
 * pattern: of all patterns that consist of stars, only "*" matches an empty key. */
bool glob_matches(const struct glob *glob, rf_slice text)
{
    size_t unmarked[GLOB_MARKS];
    if (text.len == 0 && glob->count != 1)
        return glob->count == 0;
    return glob_runs_match(&glob->runs, text, unmarked);
}

void glob_free(struct glob *glob)
{
    if (!glob)
        return;
    glob_runs_free(&glob->runs);
    free(glob->elements);
    free(glob);
}
