/* SPDX-License-Identifier: MIT */
/* Reads the commands in a RREPLAY. */
#include "aof/rreplay.h"
#include "base/fail.h"
#include "base/number.h"
#include "resp/resp_read.h"

static const rf_slice *words_of(const struct rreplay *r)
{
    return (const rf_slice *)(const void *)r->argv.data;
}

/* A SELECT without a database number is found here, so that nothing in it fails later. */
static bool is_valid(const rf_slice *argv, size_t argc)
{
    int64_t db;
    if (slice_is_word(argv[0], "SELECT"))
        return argc == 2 && number_parse_i64(argv[1], &db) && db >= 0 && db <= INT32_MAX;
    return !slice_is_word(argv[0], "RREPLAY");
}

static rf_code validate(struct rreplay *r, struct window *w, rf_slice commands)
{
    struct window inner;
    rf_error failure = {0};
    size_t argc;
    rf_code code = RF_OK;
    window_open_memory(&inner, commands);
    inner.error = &failure;
    while (code == RF_OK && inner.pos < inner.end) {
        code = resp_read_command(&inner, &r->argv, &argc);
        if (code == RF_OK && !is_valid(words_of(r), argc))
            code = fail(&failure, RF_E_CORRUPT, "SELECT without a database number, or another RREPLAY");
    }
    window_close(&inner);
    return code == RF_OK
               ? RF_OK
               : window_fail(w, code == RF_E_MEMORY ? code : RF_E_CORRUPT, "in RREPLAY: %s", failure.message);
}

rf_code rreplay_begin(struct rreplay *r, struct window *w, const rf_slice *argv, size_t argc, uint64_t offset,
                      int64_t db)
{
    if (argc < 3)
        return window_fail(w, RF_E_CORRUPT, "RREPLAY without commands");
    r->db_given = argc > 3;
    if (r->db_given && (!number_parse_i64(argv[3], &db) || db < 0 || db > INT32_MAX))
        return window_fail(w, RF_E_CORRUPT, "RREPLAY: invalid database number");
    TRY(validate(r, w, argv[2]));
    r->active = true;
    r->offset = offset;
    r->db = db;
    window_open_memory(&r->commands, argv[2]);
    r->commands.error = w->error;
    return RF_OK;
}

rf_code rreplay_next(struct rreplay *r, const rf_slice **argv, size_t *argc)
{
    if (r->commands.pos == r->commands.end) {
        rreplay_close(r);
        return RF_END;
    }
    TRY(resp_read_command(&r->commands, &r->argv, argc));
    *argv = words_of(r);
    return RF_OK;
}

void rreplay_close(struct rreplay *r)
{
    if (r->active)
        window_close(&r->commands);
    buffer_free(&r->argv);
    *r = (struct rreplay){0};
}
