/* SPDX-License-Identifier: MIT */
/* Reads the commands in a RREPLAY. */
#include "aof/rreplay.h"
#include "base/fail.h"
#include "base/number.h"

/* A SELECT without a database number is found here, so that nothing in it fails later. */
static bool is_valid(const struct rf_arguments *command)
{
    const rf_slice *argv = resp_argv(command);
    int64_t db;
    if (slice_is_word(argv[0], "SELECT"))
        return command->argc == 2 && number_parse_db(argv[1], &db);
    return !slice_is_word(argv[0], "RREPLAY");
}

static rf_code validate(struct rreplay *r, struct window *w, rf_slice commands)
{
    struct window inner;
    rf_error failure = {0};
    rf_code code = RF_OK;
    window_open_memory(&inner, commands);
    inner.error = &failure;
    r->arguments.w = &inner;
    while (code == RF_OK && inner.pos < inner.end) {
        code = resp_read_command(&r->arguments);
        if (code == RF_OK && !is_valid(&r->arguments))
            code = fail(&failure, RF_E_CORRUPT, "SELECT without a database number, or another RREPLAY");
    }
    window_close(&inner);
    return code == RF_OK
               ? RF_OK
               : window_fail(w, code == RF_E_MEMORY ? code : RF_E_CORRUPT, "in RREPLAY: %s", failure.message);
}

rf_code rreplay_begin(struct rreplay *r, const struct rf_arguments *command, uint64_t offset, int64_t db)
{
    struct window *w = command->w;
    const rf_slice *argv = resp_argv(command);
    if (command->argc < 3)
        return window_fail(w, RF_E_CORRUPT, "RREPLAY without commands");
    r->db_given = command->argc > 3;
    if (r->db_given && !number_parse_db(argv[3], &db))
        return window_fail(w, RF_E_CORRUPT, "RREPLAY: invalid database number");
    TRY(validate(r, w, argv[2]));
    r->active = true;
    r->start = offset;
    r->db = db;
    window_open_memory(&r->commands, argv[2]);
    r->commands.error = w->error;
    r->arguments.w = &r->commands;
    return RF_OK;
}

rf_code rreplay_next(struct rreplay *r)
{
    if (r->commands.pos == r->commands.end) {
        rreplay_close(r);
        return RF_END;
    }
    r->offset = r->start + window_offset(&r->commands);
    return resp_read_command(&r->arguments);
}

void rreplay_close(struct rreplay *r)
{
    if (r->active)
        window_close(&r->commands);
    resp_arguments_free(&r->arguments);
    *r = (struct rreplay){0};
}
