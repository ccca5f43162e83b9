/* SPDX-License-Identifier: MIT */
/* Commands of a log, filtered, renamed and split; the first byte and the size say how. What comes out of a
 * command that is accepted is read again, without any rule, and then comes out the same. */
#include "fuzz/convert.h"
#include <rdbferry/command_rewrite.h>

struct log {
    rf_command_rewrite *rewrite;
    rf_command_history *history;
    struct encoder encoder;
};

static rf_code note(void *to, rf_entry *entry, rf_error *error)
{
    struct log *log = to;
    return entry->kind == RF_ENTRY_COMMAND ? rf_command_history_note(log->history, 0, entry, error) : RF_OK;
}

static rf_code rewrite(void *to, rf_entry *entry, rf_error *error)
{
    struct log *log = to;
    rf_entry *result;
    if (entry->kind != RF_ENTRY_COMMAND)
        return RF_OK;
    rf_code code = rf_command_rewrite_put(log->rewrite, entry, error);
    while (code == RF_OK) {
        code = rf_command_rewrite_next(log->rewrite, &result, error);
        if (code == RF_OK)
            code = encoder_put(&log->encoder, result, error);
    }
    return code == RF_END ? RF_OK : code;
}

static void rewrite_all(const uint8_t *data, size_t size, const rf_command_rewrite_options *options,
                        struct log *log, struct buffer *out)
{
    static struct drain drain;
    static const struct encoder_options encoding = {.target = {RF_REDIS, 8, 10}};
    rf_error error;
    drain_open(&drain, out);
    encoder_open(&log->encoder, &drain.output.buf, &encoding);
    if (rf_command_rewrite_open(options, &log->rewrite, &error) != RF_OK)
        abort();
    rf_command_rewrite_enter(log->rewrite, 0);
    convert(data, size, rewrite, log);
    drain_next(&drain.output.buf);
    encoder_close(&log->encoder);
    rf_command_rewrite_close(log->rewrite);
}

static void check(rf_code code)
{
    if (code != RF_OK)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct log log = {0};
    struct buffer once = {0}, twice = {0};
    rf_error error;
    if (size == 0)
        return 0;
    rf_filter *filter = rf_filter_new();
    rf_rewrite *rules = rf_rewrite_new();
    uint8_t how = *data;
    if (how & 1)
        check(rf_filter_glob(filter, RF_INCLUDE, "[!-m]*", &error));
    if (how & 2)
        check(rf_filter_dbs(filter, RF_INCLUDE, "0-2", &error));
    if (how & 4)
        check(rf_filter_slots(filter, "0-9000", &error));
    if (how & 8)
        check(rf_rewrite_flatten(rules, NULL, &error));
    if (how & 16)
        check(rf_rewrite_map_db(rules, "0=1,1=0,3=2", &error));
    if (how & 32)
        check(rf_rewrite_rename(rules, "s/a/b/", &error));
    rf_rewrite_expect(rules, filter);
    rf_command_rewrite_options options = {.filter = filter, .rewrite = rules};
    rf_topology *topology = NULL;
    if (size % 3 == 0)
        check(rf_topology_equal(3, &topology, &error));
    options.topology = topology;
    options.unknown = how & 64 ? RF_UNKNOWN_COPY : RF_UNKNOWN_FAIL;
    log.history = how & 128 ? rf_command_history_new(rules) : NULL;
    if (!log.history || (convert(data + 1, size - 1, note, &log) == RF_OK &&
                         rf_command_history_end(log.history, &error) == RF_OK)) {
        options.history = log.history;
        rewrite_all(data + 1, size - 1, &options, &log, &once);
        options = (rf_command_rewrite_options){.unknown = RF_UNKNOWN_COPY};
        rewrite_all(once.data, once.len, &options, &log, &twice);
        if (once.len > 0 && twice.len == 0)
            abort();
    }
    rf_command_history_free(log.history);
    rf_topology_free(topology);
    rf_filter_free(filter);
    rf_rewrite_free(rules);
    buffer_free(&once);
    buffer_free(&twice);
    return 0;
}
