/* SPDX-License-Identifier: MIT */
/* Collects notices of the library; prints them and keeps records for the report. */
#include "cmd/run/notices.h"
#include "base/escape.h"
#include "cmd/run/journal.h"
#include "cmd/term/message.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *id, *text;
} kinds[] = {
#define NOTICE_KIND(name, id, text) {(id), (text)},
    RF_NOTICES(NOTICE_KIND)
#undef NOTICE_KIND
};

#define BIT(name) (1u << RF_NOTICE_##name)

/* Told once: of each lane the first, of which the first counts. */
static const unsigned once = BIT(MANY_DATABASES);

/* Texts that start with the counted things ("empty keys ..."), so that a number can precede them. */
static const unsigned countable = BIT(EMPTY_KEY) | BIT(DETAIL) | BIT(FOREIGN_RECORD) | BIT(STREAM_LENGTH) |
                                  BIT(SCRIPT_DROPPED) | BIT(BY_RESTORE) | BIT(SAME_FUNCTION) |
                                  BIT(STREAM_COUNTERS) | BIT(OLD_FILE) | BIT(UNNAMED_FILE) |
                                  BIT(UNKNOWN_COMMAND) | BIT(RELATIVE_EXPIRY) | BIT(MODULE_AUX) |
                                  BIT(MODULE_AUX_TYPE) | BIT(OTHER_MODULE_AUX) | BIT(SAME_MODULE_AUX) |
                                  BIT(JSON_STRING);

/* Nothing is lost or uncertain: shown in verbose mode only. */
static const unsigned harmless = BIT(BY_RESTORE) | BIT(SAME_FUNCTION) | BIT(END_MARK) | BIT(SAME_MODULE_AUX);

static const unsigned expected = BIT(SCRIPT_DROPPED) | BIT(SAME_FUNCTION) | BIT(END_MARK) | BIT(PRESENT_END) |
                                 BIT(MODULE_AUX_TYPE);

bool notice_is_expected(rf_notice_code code)
{
    return expected >> code & 1;
}

const char *notice_id(rf_notice_code code)
{
    return kinds[code].id;
}

const char *notice_text(rf_notice_code code)
{
    return kinds[code].text;
}

/* --- collecting --------------------------------------------------------------------------------------- */

static void count_reason(struct notice_record *record, const char *text)
{
    struct notice_reason *reason = record->reason;
    struct notice_reason *end = reason + record->reasons;
    while (reason < end && strcmp(reason->text, text) != 0)
        reason++;
    if (reason == end) {
        if (record->reasons == NOTICE_REASONS)
            return;
        record->reasons++;
        strcpy(reason->text, text);
    }
    reason->count++;
}

/* Formats position and reason: "'foo', db 0: an opaque module value". */
static void describe(const struct notice_example *example, char *out, size_t size)
{
    const char *colon = *example->detail ? ": " : "";
    if (example->db >= 0)
        snprintf(out, size, "'%s', db %d%s%s", example->key, example->db, colon, example->detail);
    else if (example->offset >= 0)
        snprintf(out, size, "offset 0x%" PRIx64 "%s%s", (uint64_t)example->offset, colon, example->detail);
    else
        snprintf(out, size, "%s", example->detail);
}

static void on_notice(void *ctx, const rf_notice *notice)
{
    struct notices *notices = ctx;
    struct notice_record *record = &notices->records[notice->code];
    const char *detail = notice->detail ? notice->detail : "";
    struct notice_example example = {notices->input, notice->offset, notice->db, "", ""};
    char where[320];
    if (once >> notice->code & 1 && record->count > 0)
        return;
    if (notices->journal) {
        record->count++;
        journal_notice(notices->journal, notice);
        return;
    }
    escape_text((rf_slice){(const uint8_t *)detail, strlen(detail)}, example.detail, sizeof example.detail);
    if (*example.detail)
        count_reason(record, example.detail);
    if (record->count++ > 0 && example.input != record->example[0].input)
        record->many_inputs = true;
    if (record->examples == NOTICE_EXAMPLES)
        return;
    if (notice->db >= 0)
        escape_name(notice->key, example.key, sizeof example.key);
    record->example[record->examples++] = example;
    describe(&example, where, sizeof where);
    message_detail("%s: %s%s%s%s", example.input, notice_text(notice->code), *where ? " (" : "", where,
                   *where ? ")" : "");
}

rf_notify notices_listener(struct notices *notices)
{
    return (rf_notify){on_notice, notices};
}

/* --- summaries ---------------------------------------------------------------------------------------- */

static void summarize(rf_notice_code code, const struct notice_record *record)
{
    const struct notice_example *first = &record->example[0];
    const char *input = record->many_inputs ? "several inputs" : first->input;
    char count[32] = "", where[320], location[640] = "";
    if (record->count == 1 && message_get_level() == LEVEL_VERBOSE)
        return; /* already printed when it occurred */
    if (record->count > 1)
        snprintf(count, sizeof count, "%" PRIu64 "%s ", record->count,
                 countable >> code & 1 ? "" : " times:");
    describe(first, where, sizeof where);
    if (*where)
        snprintf(location, sizeof location, " (%s%s%s%s)", record->count > 1 ? "first: " : "",
                 record->many_inputs ? first->input : "", record->many_inputs ? ": " : "", where);
    if (harmless >> code & 1)
        message_detail("%s: %s%s%s", input, count, notice_text(code), location);
    else
        message_warning("%s: %s%s%s", input, count, notice_text(code), location);
}

void notices_summarize(const struct notices *notices)
{
    for (int code = 0; code < RF_NOTICE_COUNT; code++)
        if (notices->records[code].count > 0)
            summarize((rf_notice_code)code, &notices->records[code]);
}
