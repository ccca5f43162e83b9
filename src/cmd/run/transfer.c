/* SPDX-License-Identifier: MIT */
/* Writes entries to a sink: determines the target version, and checks entries. */
#include "cmd/run/transfer.h"
#include "base/fail.h"
#include "cmd/run/command_support.h"
#include "cmd/run/journal.h"
#include "cmd/run/paths.h"
#include "cmd/run/stage.h"
#include "cmd/run/transfer_lane.h"
#include "cmd/term/message.h"
#include <rdbferry/command.h>
#include <rdbferry/value.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

bool transfer_open(struct transfer *t, const struct common_options *common,
                   const struct output_options *written)
{
    *t = (struct transfer){.common = common, .written = written};
    if (!session_open(&t->session, common))
        return false;
    t->command_check = rf_command_check_new();
    if (!t->command_check) {
        message_error("out of memory");
        return false;
    }
    t->session.read.accepts_foreign = t->session.read.rewrites_commands = t->session.read.streams = true;
    return collisions_open(&t->collisions, &t->session, (enum collision_policy)written->on_collision,
                           written->memory, written->check);
}

void transfer_close(struct transfer *t)
{
    rf_sink_close(t->sink);
    arena_free(&t->names);
    rf_command_check_free(t->command_check);
    collisions_close(&t->collisions);
    session_close(&t->session);
}

void transfer_discard(struct transfer *t)
{
    log_repair_discard(&t->session.log.repair);
    if (!t->sink) /* a dry run, or it could not be opened */
        return;
    rf_sink_close(t->sink);
    t->sink = NULL;
    t->kept_keys = 0;
}

/* --- attempts ----------------------------------------------------------------------------------------- */

/* Whether nothing of the output is seen before it is finished. */
static bool is_temporary(const char *output)
{
    struct stat st;
    return !output ||
           (!is_dash(output) && (stat(output, &st) != 0 || S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)));
}

/* Whether nothing has been printed that would be printed again, and all inputs can be read again. */
static bool may_repeat(const struct session *session, const char *output)
{
    const struct log_options *log = &session->options->log;
    bool may = is_temporary(output) && !session->options->verbose && !log->drop_command &&
               !log->drop_at.text && !log_options_cut(log) && !log_options_repair(log);
    for (size_t i = 0; i < session->input_count; i++)
        may &= !session->inputs[i].is_live && input_can_rescan(&session->inputs[i]);
    return may;
}

static bool open_again(struct transfer *t)
{
    const struct common_options *common = t->common;
    const struct output_options *written = t->written;
    transfer_discard(t);
    session_end(&t->session);
    transfer_close(t);
    if (common->keys.rewrite)
        rf_rewrite_clear_counts(common->keys.rewrite);
    if (!transfer_open(t, common, written))
        return false;
    session_begin(&t->session);
    session_if_killed(&t->session, "nothing was written");
    return true;
}

rf_code transfer_attempt(struct transfer *t, const struct transfer_attempt *attempt, rf_error *error)
{
    t->session.log.may_assume = may_repeat(&t->session, attempt->output);
    rf_code code = attempt->write(attempt->ctx, error);
    if (code == RF_OK || !t->session.log.assumes)
        return code;
    if (!open_again(t))
        return fail(error, RF_E_MEMORY, "out of memory");
    if (attempt->begin_again)
        attempt->begin_again(attempt->ctx);
    return attempt->write(attempt->ctx, error);
}

/* --- the target --------------------------------------------------------------------------------------- */

/* Unknown versions (0.0) are never newer. If both projects are involved, the result is Valkey, which reads
 * the formats they share. */
static rf_server newer(rf_server a, rf_server b)
{
    if (a.major == 0 || b.major == 0)
        return a.major == 0 ? b : a;
    if (a.dialect != b.dialect)
        return a.dialect == RF_VALKEY ? a : b;
    return rf_server_at_least(a, b) ? a : b;
}

/* The writers of the inputs after the first must be known when the sink is opened. */
rf_code transfer_survey(struct transfer *t, rf_error *error)
{
    TRY(log_survey(&t->session, error));
    TRY(session_join_logs(&t->session, error));
    bool follows_writers = output_options_has_target(t->written) && t->written->target.major == 0;
    for (size_t i = 1; i < t->session.input_count && follows_writers; i++) {
        struct input_head head;
        rf_code code = input_probe(&t->session.inputs[i], &head, error);
        if (code != RF_OK && !rf_code_is_input(code)) /* which is found when it is read */
            return code;
        t->surveyed = newer(t->surveyed, head.writer);
    }
    return collisions_prescan(&t->collisions, error);
}

rf_sink_options transfer_begin(struct transfer *t)
{
    const struct output_options *written = t->written;
    const rf_reader_info *first = input_info(&t->session.inputs[0]);
    t->begun = true;
    if (output_options_has_target(written)) {
        rf_server min_version = output_options_min_version(written);
        rf_server target = written->target.major > 0 ? written->target : newer(t->surveyed, first->writer);
        t->target = rf_server_at_least(target, min_version) ? target : min_version;
    }
    return (rf_sink_options){
        .target = t->target,
        .saved_at = t->common->keys.shift ? t->session.now / 1000 : first->saved_at, /* expiries are of now */
        .force = written->force,
        .unsafe = written->unsafe,
        .check = written->check,
        .hash = t->common->report || t->common->verbose,
        .prefer_restore = written->restore,
        .drop_unsupported = written->drop_unsupported,
        .drop_detail = written->drop_detail,
        .json = written->target_module == TARGET_JSON,
        .notify = notices_listener(&t->session.notices),
    };
}

/* --- entries ------------------------------------------------------------------------------------------ */

static __attribute__((noinline)) rf_code look_for_collision(struct transfer *t, const struct input *input,
                                                            const rf_entry *entry, bool *accepted,
                                                            rf_error *error)
{
    bool leave_out;
    TRY(collisions_note(&t->collisions, input, entry, &leave_out, error));
    /* hints are useless for another set of keys */
    *accepted = !leave_out && (entry->kind != RF_ENTRY_KEY_COUNTS || t->session.unfiltered);
    return RF_OK;
}

rf_code transfer_accept(struct transfer *t, const struct input *input, const rf_entry *entry, bool *accepted,
                        rf_error *error)
{
    *accepted = entry->kind == RF_ENTRY_COMMAND || (entry->kind == RF_ENTRY_KEY && !t->collisions.set);
    return *accepted ? RF_OK : look_for_collision(t, input, entry, accepted, error);
}

/* Only the time at which such a command was executed would make its expiry an absolute one. */
static void notice_relative_expiry(struct transfer *t, const rf_entry *command)
{
    char name[32];
    snprintf(name, sizeof name, "%.*s", (int)command->argv[0].len, (const char *)command->argv[0].ptr);
    session_notice(&t->session, RF_NOTICE_RELATIVE_EXPIRY, command, name);
}

/* Options may be after the large argument. */
static rf_code check_support(struct transfer *t, rf_entry *entry, bool *supported, rf_error *error)
{
    rf_command_need need = {.what = ""};
    TRY(rf_command_hold(entry, error));
    rf_command_support support = rf_server_knows(t->target, entry, &need);
    *supported = support != RF_COMMAND_UNSUPPORTED;
    if (!*supported && t->written->drop_unsupported) {
        session_notice(&t->session, RF_NOTICE_DROPPED, entry, need.what);
    } else if (!*supported) {
        *error = (rf_error){
            .code = RF_E_INCOMPATIBLE, .offset = (int64_t)entry->offset, .file_offset = -1, .db = -1};
        command_support_format(t->target, &need, error->message, sizeof error->message);
        return error->code;
    }
    if (support == RF_COMMAND_UNKNOWN)
        session_notice_command(&t->session, entry);
    return RF_OK;
}

/* The server that wrote an AOF supports all its commands, whatever version it is taken for: only an explicit
 * target version is checked. */
static inline rf_code check_command(struct transfer *t, rf_entry *entry, bool *supported, rf_error *error)
{
    *supported = true;
    if (t->written->target.major > 0)
        TRY(check_support(t, entry, supported, error));
    else if (entry->rest && rf_command_expiry_is_streamed(t->command_check, entry))
        TRY(rf_command_hold(entry, error));
    if (*supported && rf_command_expiry_is_relative(t->command_check, entry))
        notice_relative_expiry(t, entry);
    return RF_OK;
}

/* The module must be loaded in the server that loads the output. */
static void notice_module(struct transfer *t, rf_notice_code code, const rf_entry *entry, const char *module)
{
    if (output_options_has_target(t->written) && !rf_server_has_module(t->target, module))
        session_notice(&t->session, code, entry, module);
}

/* A sink that skips an entry issues a notice of one of these kinds. */
struct skips {
    uint64_t unsupported, empty;
};

static inline struct skips skips_of(const struct transfer *t)
{
    const struct notice_record *records = t->session.notices.records;
    return (struct skips){records[RF_NOTICE_DROPPED].count, records[RF_NOTICE_EMPTY_KEY].count};
}

static inline rf_code put_into_sink(struct transfer *t, rf_entry *entry, struct skips *skips, rf_error *error)
{
    const struct skips before = skips_of(t);
    rf_code code = LIKELY(t->sink != NULL) ? rf_sink_put(t->sink, entry, error) : RF_OK;
    const struct skips after = skips_of(t);
    *skips = (struct skips){after.unsupported - before.unsupported, after.empty - before.empty};
    return code;
}

static inline rf_code put_key(struct transfer *t, rf_entry *key, bool *written, rf_error *error)
{
    struct skips skips;
    TRY(put_into_sink(t, key, &skips, error));
    *written = (skips.unsupported | skips.empty) == 0;
    if (LIKELY(*written)) {
        t->kept_keys++;
        return RF_OK;
    }
    t->unsupported += skips.unsupported > 0;
    t->empty += skips.empty > 0;
    return RF_OK;
}

COLD static rf_code put_module_key(struct transfer *t, rf_entry *key, bool *written, rf_error *error)
{
    char module[10];
    TRY(rf_value_module(key->value, module, error));
    TRY(put_key(t, key, written, error));
    if (*written)
        notice_module(t, RF_NOTICE_MODULE_VALUE, key, module);
    return RF_OK;
}

static rf_code put_module_aux(struct transfer *t, const struct input *input, rf_entry *entry, rf_error *error)
{
    enum module_known known = module_records_note(&t->module_records, input, entry);
    char module[10];
    struct skips skips;
    if (known == MODULE_RECORD_SAME) {
        session_notice(&t->session, RF_NOTICE_SAME_MODULE_AUX, entry, "also in an earlier input");
        return RF_OK;
    }
    TRY(put_into_sink(t, entry, &skips, error));
    if (skips.unsupported > 0)
        return RF_OK;
    snprintf(module, sizeof module, "%.*s", (int)entry->name.len, (const char *)entry->name.ptr);
    if (known == MODULE_RECORD_OTHER)
        session_notice(&t->session, RF_NOTICE_OTHER_MODULE_AUX, entry, module);
    notice_module(t, RF_NOTICE_MODULE_AUX, entry, module);
    return RF_OK;
}

/* No sink skips one. */
static inline rf_code put_command(struct transfer *t, rf_entry *command, rf_error *error)
{
    bool supported;
    TRY(check_command(t, command, &supported, error));
    t->commands.begun = true;
    t->commands.db = command->db;
    return supported && t->sink ? rf_sink_put(t->sink, command, error) : RF_OK;
}

static rf_code put_other(struct transfer *t, const struct input *input, rf_entry *entry, rf_error *error)
{
    if (entry->kind == RF_ENTRY_COMMAND)
        return put_command(t, entry, error);
    if (entry->kind == RF_ENTRY_MODULE_AUX)
        return put_module_aux(t, input, entry, error);
    return t->sink ? rf_sink_put(t->sink, entry, error) : RF_OK;
}

void transfer_note_written(struct transfer *t, const struct transfer_steps *steps,
                           const struct placed_key *keys, size_t count)
{
    if (!t->journal) {
        t->session.bytes_of = steps->written(steps->ctx, keys, count);
        return;
    }
    t->packed.len = 0;
    t->journal->failed |= !placed_keys_pack(&t->packed, keys, count);
    t->session.bytes_of = journal_key(t->journal, &(rf_entry){0}, buffer_slice(&t->packed));
}

static inline rf_code transfer_key(struct transfer *t, const struct transfer_steps *steps, rf_entry *key,
                                   rf_error *error)
{
    bool written;
    if (UNLIKELY(key->type == RF_MODULE))
        TRY(put_module_key(t, key, &written, error));
    else
        TRY(put_key(t, key, &written, error));
    if (written && steps->written)
        transfer_note_written(
            t, steps, &(struct placed_key){.slot = (unsigned)key->slot, .tag = rf_hash_tag(key->key)}, 1);
    return RF_OK;
}

rf_code transfer_entry(struct transfer *t, const struct transfer_steps *steps, const struct input *input,
                       rf_entry *entry, rf_error *error)
{
    bool accepted;
    if (entry->kind == RF_ENTRY_AUX)
        return RF_OK;
    if (UNLIKELY(!t->begun))
        TRY(steps->open(steps->ctx, error));
    TRY(transfer_accept(t, input, entry, &accepted, error));
    if (!accepted)
        return RF_OK;
    if (steps->check)
        TRY(steps->check(steps->ctx, &t->session, entry, error));
    return entry->kind == RF_ENTRY_KEY ? transfer_key(t, steps, entry, error)
                                       : put_other(t, input, entry, error);
}

rf_code transfer_run(struct transfer *t, const struct transfer_steps *steps, struct cursor *cursor,
                     size_t most, size_t *count, rf_error *error)
{
    return cursor->entry.kind == RF_ENTRY_COMMAND ? transfer_commands(t, cursor, most, count, error)
                                                  : transfer_strings(t, steps, cursor, most, count, error);
}

rf_code transfer_entries(struct transfer *t, const struct transfer_steps *steps, rf_error *error)
{
    struct transfer_work work = {t, steps};
    struct cursor cursor;
    cursor_open(&cursor, &t->session, 0, t->session.input_count);
    TRY(cursor_close(&cursor, stage_run(&cursor, &transfer_work, &work, error), error));
    if (!t->begun)
        TRY(steps->open(steps->ctx, error));
    TRY(collisions_end(&t->collisions, error));
    t->session.log.assumes = false; /* it had none: what fails from here on would fail again */
    return RF_OK;
}
