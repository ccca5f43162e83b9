/* SPDX-License-Identifier: MIT */
/* The interface of a replay: entries that are put, and results. */
#include "replay/import_mode.h"
#include "replay/internal.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "base/fail.h"
#include "rdb/detail.h"
#include "rdb/notify.h"
#include "rdb/value_module.h"
#include "replay/write_method.h"
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

enum {
    BIG_KEY = 1024 * 1024,
    CONNECTIONS = 2,
    WINDOW_ALL = 64 * 1024 * 1024, /* maximum number of bytes kept by all pipelines, */
    WINDOW_MAX = 4 * 1024 * 1024,  /* and by one of them */
    RETRY_FOR_MS = 60 * 1000,
    CLOCK_CHECK_EVERY = 64, /* puts between two reads of the clock */
};

/* --- the encoder's notices ----------------------------------------------------------------------------- */

static void on_notice(void *ctx, const rf_notice *notice)
{
    rf_replay *r = ctx;
    r->current.by_restore |= notice->code == RF_NOTICE_BY_RESTORE;
    if (notice->code == RF_NOTICE_DROPPED)
        r->current.drop_reason = notice->detail;
    else if (r->options.notify.fn &&
             notice->code != RF_NOTICE_DETAIL) { /* reported when the key is encoded */
        rf_notice named = *notice;               /* not with the staging key's name */
        named.key = notice->db >= 0 ? r->current.key : notice->key;
        r->options.notify.fn(r->options.notify.ctx, &named);
    }
}

/* --- creation and destruction -------------------------------------------------------------------------- */

static void set_defaults(rf_replay *r)
{
    rf_replay_options *options = &r->options;
    if (options->big_key == 0)
        options->big_key = BIG_KEY;
    if (options->retry_for_ms <= 0)
        options->retry_for_ms = RETRY_FOR_MS;
    if (options->connections == 0)
        options->connections = CONNECTIONS;
    if (!options->run)
        options->run = "0";
    r->serial = (unsigned)(clock_unix_us() / 1000); /* different from the numbers of earlier processes of this
                                                       run */
    r->dead_letter_db = -1;
    r->limits.window = WINDOW_MAX;
}

/* Limits what all pipelines keep together, however many there are. */
static void set_window(rf_replay *r)
{
    uint64_t window = WINDOW_ALL / (r->map.primaries.node_count * r->options.connections);
    window = window > WINDOW_MAX ? WINDOW_MAX : window;
    r->limits.window = window < SEND_WINDOW_MIN ? SEND_WINDOW_MIN : window;
}

static rf_code open_replay(rf_replay *r, rf_error *error)
{
    if (r->target.db != 0)
        return fail(error, RF_E_ARGUMENT, "the target must not select a database: each key goes to its own");
    r->epoll = epoll_create1(EPOLL_CLOEXEC);
    r->digester = rf_digester_new(RF_DIGEST_KEYED, false);
    if (r->epoll < 0)
        return fail_errno(error, RF_E_TARGET, "cannot poll connections");
    if (!r->digester)
        return fail(error, RF_E_MEMORY, "out of memory");
    TRY(waiting_attempt(&r->target, replay_probe, r, error));
    r->target.wait = (rf_target_wait){.tick = loop_tick, .ctx = r};
    set_window(r);
    encoder_open(&r->encoder, NULL,
                 &(struct encoder_options){.target = r->info.server,
                                           .drop_unsupported = true,
                                           .no_restore = !method_can_restore(&r->info.abilities),
                                           .drop_detail = r->options.drop_detail,
                                           .longest = r->limits.longest,
                                           .notify = {on_notice, r}});
    return RF_OK;
}

rf_code rf_replay_open(const rf_target *target, const rf_replay_options *options, rf_replay **out,
                       rf_error *error)
{
    rf_replay *r = calloc(1, sizeof *r);
    *out = NULL;
    if (!r)
        return fail(error, RF_E_MEMORY, "out of memory");
    r->target = *target;
    r->map = (struct cluster_map){.target = &r->target, .owner = nodes_owner(r)};
    r->options = *options;
    r->epoll = -1;
    set_defaults(r);
    rf_code code = open_replay(r, error);
    if (code != RF_OK) {
        rf_replay_close(r);
        return code;
    }
    *out = r;
    return RF_OK;
}

void rf_replay_close(rf_replay *r)
{
    if (!r)
        return;
    cluster_map_free(&r->map);
    address_free(&r->topology.redirect);
    retry_queue_free(&r->retry.queue);
    retry_queue_free(&r->retry.unconfirmed);
    retry_queue_free(&r->retry.fallback);
    retry_queue_free(&r->retry.batch);
    delete_free(r);
    encoder_close(&r->encoder);
    buffer_free(&r->payload);
    buffer_free(&r->name);
    buffer_free(&r->bytes);
    buffer_free(&r->cursor.bytes);
    buffer_free(&r->arguments);
    command_queues_free(&r->commands);
    strings_free(&r->strings);
    buffer_free(&r->shift.argv);
    rf_digester_free(r->digester);
    if (r->epoll >= 0)
        close(r->epoll);
    free(r);
}

/* --- entries ------------------------------------------------------------------------------------------- */

static rf_code check_db(const rf_replay *r, const rf_entry *entry, rf_error *error)
{
    if (r->info.databases == 0 || entry->db < r->info.databases)
        return RF_OK;
    fail(error, RF_E_INCOMPATIBLE, "the target has no database %lld (see --db, --map-db and --flatten-dbs),",
         (long long)entry->db);
    if (entry->kind == RF_ENTRY_KEY)
        error_key(error, entry->db, entry->key);
    return RF_E_INCOMPATIBLE;
}

static rf_code put_key(rf_replay *r, rf_entry *entry, rf_error *error)
{
    TRY(check_db(r, entry, error));
    r->current.without = 0;
    return write_key(r, entry, error);
}

static rf_code begin_commands(rf_replay *r, rf_error *error)
{
    TRY(command_queues_begin(r, error));
    if (r->commands.first_seq == 0)
        r->commands.first_seq = r->current.seq;
    return RF_OK;
}

static rf_code put_command(rf_replay *r, rf_entry *entry, rf_error *error)
{
    TRY(check_db(r, entry, error));
    TRY(begin_commands(r, error));
    return write_command(r, entry, error);
}

/* Keys and commands are not in flight together: a command may change any key before it. */
static rf_code wait_for_others(rf_replay *r, rf_entry_kind kind, rf_error *error)
{
    bool other = r->current.kind != kind && (kind == RF_ENTRY_COMMAND || r->current.kind == RF_ENTRY_COMMAND);
    r->current.kind = kind;
    return other ? replay_drain(r, error) : RF_OK;
}

/* There is no command for module data stored outside of keys. */
static rf_code put_module_aux(rf_replay *r, rf_entry *entry, rf_error *error)
{
    char why[MODULE_AUX_TEXT];
    const struct request request = {.kind = REQUEST_COMMAND, .position = r->current.position, .db = -1};
    (void)error;
    outcome_failed(r, &request, RF_FAILURE_UNSUPPORTED, module_aux_text(entry, why), (rf_slice){0},
                   (rf_slice){0});
    return RF_OK;
}

static rf_code put_foreign(rf_replay *r, rf_entry *entry, rf_error *error)
{
    const struct request request = {
        .kind = REQUEST_COMMAND, .position = r->current.position, .db = (int32_t)entry->db};
    rf_error why;
    (void)error;
    if (detail_leave_out_foreign(&r->options.notify, entry, r->options.drop_detail, &why) != RF_OK)
        outcome_failed(r, &request, RF_FAILURE_UNSUPPORTED, why.message, entry->key, (rf_slice){0});
    return RF_OK;
}

static rf_code put_library(rf_replay *r, rf_entry *entry, rf_error *error)
{
    return library_load(r, entry, error);
}

static rf_code ignore_entry(rf_replay *r, rf_entry *entry, rf_error *error)
{
    (void)r, (void)entry, (void)error;
    return RF_OK;
}

static rf_code (*const put_handlers[])(rf_replay *r, rf_entry *entry, rf_error *error) = {
    [RF_ENTRY_AUX] = ignore_entry,
    [RF_ENTRY_FUNCTION] = put_library,
    [RF_ENTRY_MODULE_AUX] = put_module_aux,
    [RF_ENTRY_KEY_COUNTS] = ignore_entry,
    [RF_ENTRY_KEY] = put_key,
    [RF_ENTRY_COMMAND] = put_command,
    [RF_ENTRY_FOREIGN] = put_foreign,
    [RF_ENTRY_FOREIGN_DETAIL] = put_foreign,
};

/* An error of the input does not end the run: the reader will repeat it, and the entries put so far can be
 * finished. */
static rf_code record_error(rf_replay *r, rf_code code, rf_error *error)
{
    if (r->error.code == RF_OK && (code == RF_OK || rf_code_is_input(code)))
        return code;
    if (r->error.code == RF_OK)
        r->error = *error;
    if (!r->cleaned_up)
        retry_abort(r);
    r->cleaned_up = true;
    *error = r->error;
    return error->code;
}

static rf_code run_timers(rf_replay *r, rf_error *error)
{
    TRY(strings_flush_old(r, error));
    return loop_run_timers(r, error);
}

rf_code rf_replay_put(rf_replay *r, uint32_t input, rf_entry *entry, rf_error *error)
{
    rf_code code = RF_OK;
    if (r->error.code != RF_OK)
        return record_error(r, RF_OK, error);
    if (UNLIKELY(r->retry.fallback.first != NULL))
        code = fallback_write(r, error);
    r->current.seq++;
    r->current.position = (rf_position){input, entry->offset};
    r->current.in_progress = true;
    if (UNLIKELY(++r->clock.put_count % CLOCK_CHECK_EVERY == 0 && code == RF_OK))
        code = run_timers(r, error);
    if (LIKELY(code == RF_OK))
        code = wait_for_others(r, entry->kind, error);
    if (LIKELY(code == RF_OK))
        code = shift_entry(r, entry, error);
    if (LIKELY(code == RF_OK))
        code = put_handlers[entry->kind](r, entry, error);
    r->current.in_progress = code != RF_OK;
    return record_error(r, code, error);
}

static rf_code refuse(rf_replay *r, uint32_t input, const rf_entry *command, const char *why, bool saved,
                      rf_error *error)
{
    TRY(wait_for_others(r, RF_ENTRY_COMMAND, error));
    TRY(begin_commands(r, error));
    return write_refused(r, input, command, why, saved, error);
}

rf_code rf_replay_refuse(rf_replay *r, uint32_t input, const rf_entry *command, const char *why, bool saved,
                         rf_error *error)
{
    if (r->error.code != RF_OK)
        return record_error(r, RF_OK, error);
    r->current.seq++;
    r->current.refused++;
    return record_error(r, refuse(r, input, command, why, saved, error), error);
}

rf_code rf_replay_use_import_mode(rf_replay *r, bool *used, rf_error *error)
{
    *used = false;
    if (r->error.code != RF_OK)
        return record_error(r, RF_OK, error);
    rf_code code = import_mode_use(r, error);
    *used = r->import.on;
    return record_error(r, code, error);
}

rf_code rf_replay_check_import_mode(rf_replay *r, rf_error *error)
{
    if (r->error.code != RF_OK)
        return record_error(r, RF_OK, error);
    return record_error(r, import_mode_check(r, error), error);
}

void rf_replay_leave_import_mode(rf_replay *r)
{
    r->import.on = false;
}

uint64_t rf_replay_import_id(const rf_replay *r)
{
    return import_mode_id(r);
}

bool rf_replay_has_lost_import_mode(const rf_replay *r)
{
    return r->import.lost;
}

void rf_replay_shift_expiries(rf_replay *r)
{
    r->shift.on = true;
}

rf_code rf_replay_unshift_expiries(rf_replay *r, rf_error *error)
{
    if (r->error.code != RF_OK)
        return record_error(r, RF_OK, error);
    return record_error(r, unshift_all(r, error), error);
}

rf_code rf_replay_delete(rf_replay *r, const rf_key_record *record, bool unchanged, rf_error *error)
{
    if (r->error.code != RF_OK)
        return record_error(r, RF_OK, error);
    return record_error(r, delete_put(r, record, unchanged, error), error);
}

static bool is_idle(const rf_replay *r)
{
    for (size_t i = 0; i < r->map.node_count; i++)
        for (unsigned j = 0; j < r->options.connections; j++)
            if (node_at(r, i)->pipelines[j].head < node_at(r, i)->pipelines[j].tail)
                return false;
    return true;
}

/* Writes what has not been sent yet. */
static rf_code send_all(rf_replay *r, rf_error *error)
{
    TRY(fallback_write(r, error));
    TRY(strings_flush(r, error));
    return command_queue_flush(r, error);
}

rf_code replay_drain(rf_replay *r, rf_error *error)
{
    do {
        TRY(send_all(r, error));
        bool done = is_idle(r) && !retry_is_pending(r) && command_queue_is_flushed(r);
        TRY(replay_step(r, done ? 0 : INT64_MAX, error));
    } while (!is_idle(r) || retry_is_pending(r) || r->retry.fallback.first || !command_queue_is_flushed(r));
    return RF_OK;
}

/* An epoll descriptor can itself be waited for. */
static rf_code wait_for(rf_replay *r, int descriptor, int wait_ms, rf_error *error)
{
    struct pollfd fds[] = {{.fd = r->epoll, .events = POLLIN}, {.fd = descriptor, .events = POLLIN}};
    TRY(send_all(r, error));
    TRY(replay_step(r, 0, error));
    int64_t retry_ms = retry_wait_ms(r);
    if (poll(fds, 2, retry_ms < wait_ms ? (int)retry_ms : wait_ms) < 0 && errno != EINTR)
        return fail_errno(error, RF_E_TARGET, "cannot poll the connections");
    return replay_step(r, 0, error);
}

rf_code rf_replay_wait(rf_replay *r, int descriptor, int wait_ms, rf_error *error)
{
    if (r->error.code != RF_OK)
        return record_error(r, RF_OK, error);
    return record_error(r, wait_for(r, descriptor, wait_ms, error), error);
}

rf_code rf_replay_finish(rf_replay *r, rf_error *error)
{
    if (r->error.code != RF_OK)
        return record_error(r, RF_OK, error);
    rf_code code = replay_drain(r, error);
    return record_error(r, code == RF_OK ? delete_pending(r, error) : code, error);
}

rf_code rf_replay_begin_commands(rf_replay *r, rf_error *error)
{
    if (r->error.code != RF_OK)
        return record_error(r, RF_OK, error);
    return record_error(r, command_queues_begin(r, error), error);
}

rf_code rf_replay_mark_target(rf_replay *r, rf_error *error)
{
    if (r->error.code != RF_OK)
        return record_error(r, RF_OK, error);
    return record_error(r, command_positions_mark(r, error), error);
}

rf_code rf_replay_check_positions(rf_replay *r, rf_error *error)
{
    if (r->error.code != RF_OK)
        return record_error(r, RF_OK, error);
    return record_error(r, command_positions_check(r, error), error);
}

bool rf_replay_has_lost_writes(const rf_replay *r)
{
    return r->commands.has_lost_writes;
}

rf_code rf_replay_remove_positions(rf_replay *r, rf_error *error)
{
    if (r->error.code != RF_OK)
        return record_error(r, RF_OK, error);
    return record_error(r, command_positions_remove(r, error), error);
}

/* --- results ------------------------------------------------------------------------------------------- */

const rf_replay_info *rf_replay_info_get(const rf_replay *r)
{
    return &r->info;
}

rf_replay_counts rf_replay_counts_get(const rf_replay *r)
{
    return r->counts;
}

bool rf_replay_node_get(const rf_replay *r, size_t index, rf_replay_node *out)
{
    if (index >= r->map.node_count)
        return false;
    const struct node *node = node_at(r, index);
    *out = (rf_replay_node){.name = node->base.name, .keys = node->keys, .bytes = node->bytes};
    for (unsigned i = 0; i < r->options.connections; i++)
        out->connections += node->pipelines[i].connection != NULL;
    return true;
}
