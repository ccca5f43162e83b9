/* SPDX-License-Identifier: MIT */
/* Checks of the commands of an AOF, and what a server and redis-check-aof make of its faults. */
#include "base/bytes.h"
#include "base/fail.h"
#include "cmd/run/command_support.h"
#include "cmd/term/text.h"
#include "cmd/verify/verify.h"
#include <inttypes.h>

enum { LINE_MOST = 1023 }; /* that is read at once */

/* What a server does when it loads the log; a fault is as bad as the worst one. */
static const struct {
    const char *id, *text;
} loadings[] = {
    [LOADS] = {"loads", "a server loads it"},
    [LOADS_WITHOUT] = {"loads_without", "a server loads it, without the effect of the faulty commands"},
    [LOADS_CUT] = {"loads_cut",
                   "a server with aof-load-truncated yes, the default, loads it up to the damage"},
    [LOADS_BY_VERSION] = {"by_version",
                          "Redis 7.0 crashes when it loads it, Redis 8 loads it, Valkey refuses to"},
    [REFUSES_TAIL] = {"refuses_tail",
                      "a server refuses to load it; Redis 8.4 and newer load it up to the damage if "
                      "aof-load-corrupt-tail-max-size is at least what is discarded"},
    [REFUSES] = {"refuses", "a server refuses to load it"},
};

struct fault_kind {
    enum log_loading loading;
    bool check_aof_cuts;
};

static const struct fault_kind command_faults[] = {
    [RF_COMMAND_ARITY] = {LOADS_BY_VERSION, false},  [RF_COMMAND_INTEGER] = {LOADS_WITHOUT, false},
    [RF_COMMAND_KEY_COUNT] = {LOADS_WITHOUT, false}, [RF_COMMAND_EXEC_ALONE] = {LOADS, true},
    [RF_COMMAND_NESTED_MULTI] = {LOADS, true},
};

/* In the last file; in an earlier one what is cut off is refused. */
static const struct fault_kind damages[] = {
    [RF_LOG_TORN] = {LOADS_CUT, true},
    [RF_LOG_OPEN_TRANSACTION] = {LOADS_CUT, true},
    [RF_LOG_MALFORMED] = {REFUSES, true},
    [RF_LOG_NO_NAME] = {REFUSES, false},
    [RF_LOG_NO_LINE_END] = {LOADS, true},
    [RF_LOG_LONG_ANNOTATION] = {REFUSES, true},
    [RF_LOG_INVALID_COMMAND] = {LOADS_WITHOUT, false},
};

static struct verify_log *log_of(struct verification *v, const struct input *input)
{
    return &v->states[input - v->session.inputs].log;
}

static bool is_last(const struct verification *v, const struct input *input)
{
    return session_is_last_of_operand(&v->session, (size_t)(input - v->session.inputs));
}

/* redis-check-aof cuts before a transaction that has begun. */
static void note(struct verify_log *log, struct fault_kind kind, uint64_t offset)
{
    log->faulty = true;
    if (kind.loading > log->loading)
        log->loading = kind.loading;
    if (!kind.check_aof_cuts || log->cut)
        return;
    log->cut = true;
    log->last_good = log->in_transaction ? log->multi : offset;
    log->kept = log->last_good;
    log->after = log->in_transaction ? log->commands - log->before_multi : 0;
}

/* --- commands ------------------------------------------------------------------------------------------- */

static rf_code on_fault(struct verification *v, const struct input *input, const rf_entry *command,
                        const rf_command_finding *finding, rf_error *error)
{
    struct verify_log *log = log_of(v, input);
    rf_error fault;
    fail(&fault, RF_E_CORRUPT, "%s", finding->what);
    fault.offset = (int64_t)command->offset;
    note(log, command_faults[finding->fault], command->offset);
    return verify_fault(v, input, &fault, error);
}

static void follow_transaction(struct verify_log *log, const rf_entry *command)
{
    rf_slice name = command->argv[0];
    bool begins = slice_is_word(name, "MULTI");
    if (begins && !log->in_transaction) {
        log->multi = command->offset;
        log->before_multi = log->commands;
    }
    if (begins || slice_is_word(name, "EXEC"))
        log->in_transaction = begins;
}

static rf_code check_support(struct verification *v, const struct input *input, const rf_entry *command,
                             bool unknown, rf_error *error)
{
    rf_server reads = v->options->reads;
    rf_command_need need;
    char lacking[160];
    rf_error fault;
    if (reads.major == 0 && !unknown)
        return RF_OK;
    rf_command_support support = rf_server_knows(reads, command, &need);
    if (support == RF_COMMAND_UNKNOWN)
        session_notice_command(&v->session, command);
    if (support != RF_COMMAND_UNSUPPORTED || reads.major == 0)
        return RF_OK;
    command_support_format(reads, &need, lacking, sizeof lacking);
    fail(&fault, RF_E_INCOMPATIBLE, "%s", lacking);
    fault.offset = (int64_t)command->offset;
    return verify_fault(v, input, &fault, error);
}

rf_code verify_command(struct verification *v, const struct input *input, const rf_entry *command,
                       rf_error *error)
{
    struct verify_log *log = log_of(v, input);
    rf_command_finding finding;
    bool found = rf_command_check_put(v->commands, command, &finding);
    log->after += log->cut;
    if (found && finding.fault != RF_COMMAND_SOUND)
        TRY(on_fault(v, input, command, &finding, error));
    log->several_slots += found && finding.several_slots;
    follow_transaction(log, command);
    log->commands++;
    return check_support(v, input, command, found && finding.unknown, error);
}

/* --- damage --------------------------------------------------------------------------------------------- */

bool verify_damage(struct verification *v, const struct input *input)
{
    struct verify_log *log = log_of(v, input);
    const rf_reader_info *info = input_info(input);
    const rf_log_damage *damage = &info->damage;
    struct fault_kind kind = damages[damage->kind];
    if (damage->kind == RF_LOG_INTACT)
        return false;
    if (damage->kind == RF_LOG_MALFORMED && damage->at_end && is_last(v, input))
        kind.loading = REFUSES_TAIL;
    if (kind.loading == LOADS_CUT && !is_last(v, input))
        kind.loading = REFUSES;
    bool was_cut = log->cut;
    note(log, kind, damage->offset);
    if (damage->kind == RF_LOG_LONG_ANNOTATION && !was_cut && !log->in_transaction)
        log->kept += LINE_MOST; /* the rest of the line is what it takes for a fault */
    log->in_transaction = false;
    log->damaged = true;
    rf_command_check_restart(v->commands);
    return !damage->at_end;
}

/* --- the result ----------------------------------------------------------------------------------------- */

bool verify_format_log(const struct verification *v, const struct input *input, char *out, size_t size)
{
    const struct verify_log *log = &v->states[input - v->session.inputs].log;
    uint64_t bytes = (uint64_t)input->size - log->kept;
    if (!log->faulty)
        return false;
    if (log->cut && !*input->layers && input->size >= 0)
        snprintf(out, size,
                 "%s; redis-check-aof --fix cuts it to %" PRIu64 " byte%s and loses %" PRIu64
                 " byte%s with %" PRIu64 " sound command%s",
                 loadings[log->loading].text, log->kept, text_plural(log->kept), bytes, text_plural(bytes),
                 log->after, text_plural(log->after));
    else
        snprintf(out, size, "%s%s", loadings[log->loading].text,
                 log->cut ? "" : "; redis-check-aof does not notice");
    return true;
}

static void put_log(struct json *json, const struct input *input, const struct verify_log *log)
{
    json_object(json, NULL);
    json_string(json, "path", input->path);
    json_number(json, "commands", log->commands);
    json_number(json, "several_slots", log->several_slots);
    json_string(json, "server", log->faulty ? loadings[log->loading].id : "loads");
    if (log->cut) {
        json_number(json, "last_good", log->last_good);
        json_number(json, "check_aof_keeps", log->kept);
        json_number(json, "commands_after", log->after);
    }
    json_end_object(json);
}

void verify_report_logs(struct json *json, const struct verification *v)
{
    if (v->session.stats.commands == 0)
        return;
    json_array(json, "logs");
    for (size_t i = 0; i < v->options->own_inputs; i++)
        if (v->states[i].log.commands > 0 || v->states[i].log.faulty)
            put_log(json, &v->session.inputs[i], &v->states[i].log);
    json_end_array(json);
}
