/* SPDX-License-Identifier: MIT */
/* Damage in logs that is left out: --repair skip, and --truncated drop for what the end of a log cuts off.
 * All logs are read in advance, to know which commands depend on what was lost. */
#ifndef CMD_RUN_LOG_REPAIR_H
#define CMD_RUN_LOG_REPAIR_H

#include "base/bytes.h"
#include "base/json.h"
#include <rdbferry/reader.h>

/* A damaged stretch of an input. */
struct log_damage {
    size_t input;
    uint64_t offset, length;
    uint64_t command;   /* commands of all inputs before it, without SELECT */
    bool flush_follows; /* so that what was lost hardly matters */
    char next[136];     /* the name of the first command after it, and its first argument; "": none */
    char message[384];  /* what is wrong */
};

/* A place of a command. */
struct log_command {
    size_t input;
    uint64_t offset;
};

struct log_repair {
    struct log_damage *damages; /* ascending */
    size_t count;
    struct log_command *unpaired; /* MULTI and EXEC of which the other has been lost; ascending */
    size_t unpaired_count;
    uint64_t unknown_db;  /* commands whose database is unknown */
    int64_t last_db;      /* of the first of them */
    const char *saved_as; /* NULL: damaged bytes are not saved */
    bool surveyed;
};

struct session;

/* Called before anything is read, if damage is to be left out. Damage that must not be is found again when
 * the input is read. */
rf_code log_repair_survey(struct session *session, rf_error *error);

/* Continues after a rf_reader_next() of an input of the session, which returned `code`, to the next entry
 * that is not left out. See log_repair_next(). */
rf_code log_repair_resolve(const struct session *session, size_t number, rf_reader *reader, rf_code code,
                           rf_entry *entry, bool *present_end, rf_error *error);

/* rf_reader_next() of an input of the session, without what is left out. *present_end: the file is being
 * written, and its last command is not complete yet. */
static inline rf_code log_repair_next(const struct session *session, const struct log_repair *repair,
                                      size_t number, rf_reader *reader, rf_entry *entry, bool *present_end,
                                      rf_error *error)
{
    rf_code code = rf_reader_next(reader, entry, error);
    *present_end = false;
    return LIKELY(code == RF_OK && repair->count == 0)
               ? RF_OK
               : log_repair_resolve(session, number, reader, code, entry, present_end, error);
}

/* Writes the damaged bytes beside an output, to "<output>.damaged", which must not exist. NULL: it is not a
 * file, which is a warning. */
rf_code log_repair_save(struct session *session, const char *output, rf_error *error);

/* Removes that file, when the output is not written. */
void log_repair_discard(struct log_repair *repair);

/* A member "damage", if there is any. */
void log_repair_report(struct json *json, const struct session *session);

void log_repair_free(struct log_repair *repair);

#endif
