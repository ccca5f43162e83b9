/* SPDX-License-Identifier: MIT */
/* Records in memory, one after the other: a fixed part, then the bytes that it says. */
#include "cmd/run/journal.h"
#include "base/bytes.h"
#include <stdlib.h>
#include <string.h>

/* The key, then the detail with its NUL. */
struct notice_head {
    rf_notice notice;
    size_t key, detail;
};

/* The name, then the facts. */
struct key_head {
    uint64_t bytes;
    size_t name;
    int slot;
    uint32_t facts;
};

static bool append(struct journal *journal, struct buffer *to, const void *head, size_t size, rf_slice bytes)
{
    bool appended = buffer_append(to, slice_of(head, size)) && buffer_append(to, bytes);
    journal->failed |= !appended;
    return appended;
}

void journal_notice(struct journal *journal, const rf_notice *notice)
{
    const char *detail = notice->detail ? notice->detail : "";
    const struct notice_head head = {*notice, notice->key.len, strlen(detail) + 1};
    if (append(journal, &journal->notices, &head, sizeof head, notice->key))
        append(journal, &journal->notices, detail, head.detail, (rf_slice){0});
}

void journal_name(struct journal *journal, struct journal_name name)
{
    if (journal->name_count == journal->name_cap) {
        size_t cap = journal->name_cap ? 2 * journal->name_cap : 256;
        struct journal_name *names = realloc(journal->names, cap * sizeof *names);
        journal->failed |= !names;
        if (!names)
            return;
        journal->names = names;
        journal->name_cap = cap;
    }
    name.entry = journal->entry;
    journal->names[journal->name_count++] = name;
}

/* The size of a record is known when the next one begins. */
static void end_key(struct journal *journal)
{
    if (journal->keys.len > 0)
        memcpy(journal->keys.data + journal->last_key + offsetof(struct key_head, bytes),
               &journal->last_bytes, sizeof journal->last_bytes);
    journal->last_bytes = 0;
}

uint64_t *journal_key(struct journal *journal, const rf_entry *key, rf_slice facts)
{
    const struct key_head head = {.name = key->key.len, .slot = key->slot, .facts = (uint32_t)facts.len};
    end_key(journal);
    journal->last_key = journal->keys.len;
    if (append(journal, &journal->keys, &head, sizeof head, key->key))
        append(journal, &journal->keys, facts.ptr, facts.len, (rf_slice){0});
    return &journal->last_bytes;
}

void journal_tell(const struct journal *journal, rf_notify to)
{
    struct notice_head head;
    for (size_t at = 0; at < journal->notices.len; at += sizeof head + head.key + head.detail) {
        const uint8_t *record = journal->notices.data + at;
        memcpy(&head, record, sizeof head);
        head.notice.key = slice_of(record + sizeof head, head.key);
        head.notice.detail = (const char *)record + sizeof head + head.key;
        to.fn(to.ctx, &head.notice);
    }
}

rf_code journal_keys(struct journal *journal, journal_key_fn *fn, void *ctx, rf_error *error)
{
    struct key_head head;
    rf_code code = RF_OK;
    end_key(journal);
    for (size_t at = 0; at < journal->keys.len && code == RF_OK; at += sizeof head + head.name + head.facts) {
        const uint8_t *record = journal->keys.data + at, *name = record + sizeof head;
        memcpy(&head, record, sizeof head);
        const rf_entry key = {.kind = RF_ENTRY_KEY, .key = slice_of(name, head.name), .slot = head.slot};
        code = fn(ctx, &key, slice_of(name + head.name, head.facts), head.bytes, error);
    }
    return code;
}

void journal_clear(struct journal *journal)
{
    journal->entry = 0;
    journal->failed = journal->has_other_names = false;
    journal->notices.len = journal->keys.len = journal->name_count = 0;
    journal->last_bytes = 0;
}

void journal_free(struct journal *journal)
{
    buffer_free(&journal->notices);
    buffer_free(&journal->keys);
    free(journal->names);
}
