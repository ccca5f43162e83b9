/* SPDX-License-Identifier: MIT */
/* Contents as JSON. Lists and objects are put together with a comma before each element, and lose the
 * first at the end. */
#include "plain_json.h"

#include "gen.h"
#include <stdio.h>

/* --- words -------------------------------------------------------------------------------------------- */

static void base64(struct buffer *to, rf_slice s)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    put_byte(to, '"');
    for (size_t i = 0; i < s.len; i += 3) {
        size_t left = s.len - i;
        uint32_t bits = (uint32_t)s.ptr[i] << 16;
        bits |= left > 1 ? (uint32_t)s.ptr[i + 1] << 8 : 0;
        bits |= left > 2 ? s.ptr[i + 2] : 0;
        for (size_t j = 0; j < 4; j++)
            put_byte(to, (uint8_t)(j > left ? '=' : digits[bits >> (18 - 6 * j) & 63]));
    }
    put_byte(to, '"');
}

/* Text that needs no escapes. */
static void quoted(struct buffer *to, rf_slice s)
{
    put_byte(to, '"');
    put(to, s);
    put_byte(to, '"');
}

static void put_unsigned(struct buffer *to, uint64_t n)
{
    char text[24];
    snprintf(text, sizeof text, "%llu", (unsigned long long)n);
    put_text(to, text);
}

static void member(struct buffer *to, const char *name)
{
    put_text(to, ",\"");
    put_text(to, name);
    put_text(to, "\":");
}

static void integer_member(struct buffer *to, const char *name, int64_t n)
{
    member(to, name);
    put_integer(to, n);
}

/* XINFO's names and values alternate in a list. */
static void info(struct buffer *to, const char *name)
{
    put_text(to, ",\"");
    put_text(to, name);
    put_text(to, "\",");
}

static void info_number(struct buffer *to, const char *name, uint64_t n)
{
    info(to, name);
    put_unsigned(to, n);
}

static void put_id(struct buffer *to, struct id id)
{
    put_byte(to, '"');
    put_unsigned(to, id.ms);
    put_byte(to, '-');
    put_unsigned(to, id.seq);
    put_byte(to, '"');
}

static size_t begin(struct buffer *to, char bracket)
{
    put_byte(to, (uint8_t)bracket);
    return to->len;
}

/* Takes away the comma before the first element, which begins at `start`. */
static void end(struct buffer *to, size_t start, char bracket)
{
    if (to->len > start) {
        memmove(to->data + start, to->data + start + 1, to->len - start - 1);
        to->len--;
    }
    put_byte(to, (uint8_t)bracket);
}

/* --- collections -------------------------------------------------------------------------------------- */

static void put_list(struct buffer *to, const struct content *content)
{
    size_t start = begin(to, '[');
    for (size_t i = 0; i < content->count; i++) {
        put_byte(to, ',');
        base64(to, content->items[i].name);
    }
    end(to, start, ']');
}

static void put_zset(struct buffer *to, const struct content *content)
{
    size_t start = begin(to, '{');
    for (size_t i = 0; i < content->count; i++) {
        char text[SCORE_TEXT_MAX];
        put_byte(to, ',');
        base64(to, content->items[i].name);
        put_byte(to, ':');
        quoted(to, score_text(content->items[i].score, text));
    }
    end(to, start, '}');
}

static void put_expiries(struct buffer *to, const char *name, const struct content *content)
{
    if (smallest_expiry(content) == 0)
        return;
    member(to, name);
    size_t start = begin(to, '{');
    for (size_t i = 0; i < content->count; i++) {
        if (content->items[i].expire_ms == NO_EXPIRY)
            continue;
        put_byte(to, ',');
        base64(to, content->items[i].name);
        put_byte(to, ':');
        put_integer(to, content->items[i].expire_ms);
    }
    end(to, start, '}');
}

static void put_set(struct buffer *to, const struct content *content)
{
    put_list(to, content);
    put_expiries(to, "member_expire_ms", content);
}

static void put_hash(struct buffer *to, const struct content *content)
{
    size_t start = begin(to, '{');
    for (size_t i = 0; i < content->count; i++) {
        put_byte(to, ',');
        base64(to, content->items[i].name);
        put_byte(to, ':');
        base64(to, content->items[i].value);
    }
    end(to, start, '}');
    put_expiries(to, "field_expire_ms", content);
}

static void put_path_hash(struct buffer *to, const struct content *content)
{
    size_t start = begin(to, '[');
    for (size_t i = 0; i < content->count; i++) {
        put_text(to, ",[");
        base64(to, content->items[i].path);
        put_byte(to, ',');
        base64(to, content->items[i].name);
        put_byte(to, ',');
        base64(to, content->items[i].value);
        put_byte(to, ']');
    }
    end(to, start, ']');
}

static void put_array(struct buffer *to, const struct content *content)
{
    size_t start = begin(to, '[');
    for (size_t i = 0; i < content->count; i++) {
        put_text(to, ",[");
        put_unsigned(to, content->items[i].index);
        put_byte(to, ',');
        base64(to, content->items[i].name);
        put_byte(to, ']');
    }
    end(to, start, ']');
    member(to, "len");
    put_unsigned(to, content->items[content->count - 1].index + 1);
    integer_member(to, "count", (int64_t)content->count);
    if (content->has_insert_index) {
        member(to, "insert_index");
        put_unsigned(to, content->insert_index);
    }
}

/* --- streams ------------------------------------------------------------------------------------------ */

static void put_entries(struct buffer *to, const struct stream *stream)
{
    size_t start = begin(to, '[');
    for (size_t i = 0; i < stream->entry_count; i++) {
        const struct stream_entry *entry = &stream->entries[i];
        if (entry->deleted)
            continue;
        put_text(to, ",[");
        put_id(to, entry->id);
        put_byte(to, ',');
        size_t strings = begin(to, '[');
        for (size_t j = 0; j < 2 * entry->fields; j++) {
            put_byte(to, ',');
            base64(to, entry->strings[j]);
        }
        end(to, strings, ']');
        put_byte(to, ']');
    }
    end(to, start, ']');
}

/* Nobody's are told like those of a consumer without a name. */
static void put_pending(struct buffer *to, const struct group *group)
{
    size_t start = begin(to, '[');
    for (size_t i = 0; i < group->pending_count; i++) {
        const struct pending *pending = &group->pending[i];
        bool owned = pending->owner < group->consumer_count;
        put_text(to, ",[");
        put_id(to, pending->id);
        put_byte(to, ',');
        quoted(to, owned ? group->consumers[pending->owner].name : SLICE(""));
        put_byte(to, ',');
        put_integer(to, pending->delivered_ms);
        put_byte(to, ',');
        put_unsigned(to, pending->deliveries);
        put_byte(to, ']');
    }
    end(to, start, ']');
}

static void put_owned(struct buffer *to, const struct group *group, size_t owner)
{
    size_t start = begin(to, '[');
    for (size_t i = 0; i < group->pending_count; i++) {
        if (group->pending[i].owner != owner)
            continue;
        put_text(to, ",[");
        put_id(to, group->pending[i].id);
        put_byte(to, ',');
        put_integer(to, group->pending[i].delivered_ms);
        put_byte(to, ',');
        put_unsigned(to, group->pending[i].deliveries);
        put_byte(to, ']');
    }
    end(to, start, ']');
}

static void put_consumer(struct buffer *to, const struct group *group, size_t number)
{
    const struct consumer *consumer = &group->consumers[number];
    size_t start = begin(to, '[');
    info(to, "name");
    quoted(to, consumer->name);
    info(to, "seen-time");
    put_integer(to, consumer->seen_ms);
    info(to, "active-time");
    put_integer(to, consumer->active_ms);
    info_number(to, "pel-count", pending_of(group, number));
    info(to, "pending");
    put_owned(to, group, number);
    end(to, start, ']');
}

static void put_group(struct buffer *to, const struct group *group)
{
    size_t start = begin(to, '[');
    info(to, "name");
    quoted(to, group->name);
    info(to, "last-delivered-id");
    put_id(to, group->last);
    info(to, "entries-read");
    if (group->entries_read < 0)
        put_text(to, "null");
    else
        put_integer(to, group->entries_read);
    info_number(to, "pel-count", group->pending_count);
    info_number(to, "nacked-count", pending_of(group, group->consumer_count));
    info(to, "pending");
    put_pending(to, group);
    info(to, "consumers");
    size_t consumers = begin(to, '[');
    for (size_t i = 0; i < group->consumer_count; i++) {
        put_byte(to, ',');
        put_consumer(to, group, i);
    }
    end(to, consumers, ']');
    end(to, start, ']');
}

static void put_stream_info(struct buffer *to, const struct stream *stream)
{
    size_t start = begin(to, '[');
    info_number(to, "length", stream->length);
    info(to, "last-generated-id");
    put_id(to, stream->last);
    info(to, "max-deleted-entry-id");
    put_id(to, stream->max_deleted);
    info_number(to, "entries-added", stream->added);
    info(to, "recorded-first-entry-id");
    put_id(to, stream->first);
    if (stream->duration) {
        info_number(to, "idmp-duration", stream->duration);
        info_number(to, "idmp-maxsize", stream->max_iids);
        info_number(to, "pids-tracked", stream->producer_count);
        info_number(to, "iids-tracked", stream->iid_count);
        info_number(to, "iids-added", stream->iids_added);
        info_number(to, "iids-duplicates", stream->iids_duplicates);
    }
    info(to, "groups");
    size_t groups = begin(to, '[');
    for (size_t i = 0; i < stream->group_count; i++) {
        put_byte(to, ',');
        put_group(to, &stream->groups[i]);
    }
    end(to, groups, ']');
    end(to, start, ']');
}

static void put_iids(struct buffer *to, const struct stream *stream)
{
    size_t start = begin(to, '[');
    for (size_t i = 0; i < stream->iid_count; i++) {
        put_text(to, ",[");
        base64(to, producer_name(stream->iids[i].producer));
        put_byte(to, ',');
        base64(to, stream->iids[i].iid);
        put_byte(to, ',');
        put_id(to, stream->iids[i].id);
        put_byte(to, ']');
    }
    end(to, start, ']');
}

static void put_stream(struct buffer *to, const struct content *content)
{
    put_entries(to, content->stream);
    member(to, "info");
    put_stream_info(to, content->stream);
    if (content->stream->duration) {
        member(to, "idmp");
        put_iids(to, content->stream);
    }
}

/* --- keys and the file -------------------------------------------------------------------------------- */

static void put_string(struct buffer *to, const struct content *content)
{
    base64(to, content->items->name);
}

static const struct teller {
    const char *type;
    void (*put_value)(struct buffer *to, const struct content *content);
} tellers[] = {
    {"string", put_string}, {"list", put_list},   {"set", put_set},       {"zset", put_zset},
    {"hash", put_hash},     {"array", put_array}, {"stream", put_stream}, {"path-hash", put_path_hash},
};

void json_function(struct plain_json *json, rf_slice code)
{
    put_byte(&json->functions, ',');
    base64(&json->functions, code);
}

static void put_if_set(struct buffer *to, const char *name, int64_t n)
{
    if (n >= 0)
        integer_member(to, name, n);
}

void json_key(struct plain_json *json, const struct key_facts *key, const char *type,
              const struct content *content)
{
    struct buffer *to = &json->data;
    put_text(to, ",\n{\"db\":");
    put_integer(to, key->db);
    member(to, "key");
    base64(to, key->name);
    member(to, "type");
    quoted(to, slice_of(type, strlen(type)));
    for (size_t i = 0; i < sizeof tellers / sizeof *tellers; i++) {
        if (strcmp(tellers[i].type, type) == 0) {
            member(to, "value");
            tellers[i].put_value(to, content);
        }
    }
    put_if_set(to, "expire_ms", key->expire_ms);
    put_if_set(to, "idle", key->idle);
    put_if_set(to, "freq", key->freq);
    if (key->no_evict)
        put_text(to, ",\"no_evict\":true");
    put_byte(to, '}');
    json->keys++;
}

static void print_list(FILE *file, const struct buffer *elements)
{
    if (elements->len)
        fwrite(elements->data + 1, 1, elements->len - 1, file);
}

void json_write(struct plain_json *json, const struct options *options)
{
    FILE *file = fopen(options->json, "w");
    if (!file)
        die("%s: cannot be created", options->json);
    fprintf(file, "{\"server\":\"rdbgen %s %d seed %llu\",\"keys\":%zu,\"left_out\":[],\"functions\":[",
            options->dialect == RF_VALKEY ? "valkey" : "redis", options->rdb_version,
            (unsigned long long)options->seed, json->keys);
    print_list(file, &json->functions);
    fputs("],\"data\":[", file);
    print_list(file, &json->data);
    fputs("]}\n", file);
    if (ferror(file) || fclose(file) != 0)
        die("%s: cannot be written", options->json);
    buffer_free(&json->functions);
    buffer_free(&json->data);
}
