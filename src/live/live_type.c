/* SPDX-License-Identifier: MIT */
/* Queries the types of scanned keys, one page at a time. */
#include "base/bytes.h"
#include "base/fail.h"
#include "live/internal.h"
#include "net/redirect.h"
#include "rdb/type_name.h"

/* Any other name is a module type. */
static bool type_of(rf_slice name, rf_type *type)
{
    if (type_of_name(name, type))
        return true;
    *type = RF_MODULE;
    return !slice_equal(name, SLICE("none"));
}

bool key_page_add(struct key_page *page, rf_slice key)
{
    uint64_t length = key.len;
    return buffer_append(&page->bytes, slice_of(&length, sizeof length)) && buffer_append(&page->bytes, key);
}

bool key_page_next(rf_slice *rest, rf_slice *key)
{
    uint64_t length;
    if (rest->len == 0)
        return false;
    memcpy(&length, rest->ptr, sizeof length);
    *key = slice_of(rest->ptr + sizeof length, (size_t)length);
    *rest = slice_of(key->ptr + key->len, rest->len - sizeof length - key->len);
    return true;
}

static rf_code put_questions(struct client *client, const struct key_page *page, rf_error *error)
{
    rf_slice rest = buffer_slice(&page->bytes), key;
    while (key_page_next(&rest, &key))
        TRY(client_put(client, (const rf_slice[]){SLICE("TYPE"), key}, 2, error));
    return RF_OK;
}

/* A key that has disappeared or moved to another node meanwhile is skipped. */
static rf_code on_type(struct client *client, bool *is_there, rf_type *type, rf_error *error)
{
    struct reply head;
    rf_slice rest;
    TRY(client_reply(client, &head, &rest, error));
    *is_there = head.kind == REPLY_STATUS && type_of(head.text, type);
    bool missing = head.kind == REPLY_ERROR && classify_error(head) != ERROR_OTHER;
    return head.kind == REPLY_STATUS || missing ? RF_OK : client_refused(client, "TYPE", head, error);
}

rf_code live_query_types(struct live_conn *node, const struct key_page *page, int64_t db, rf_live_key_fn fn,
                         void *ctx, rf_error *error)
{
    rf_slice rest = buffer_slice(&page->bytes);
    rf_key_record record = {.db = db, .expire_ms = RF_NO_EXPIRY, .input = UINT32_MAX};
    TRY(put_questions(node->client, page, error));
    while (key_page_next(&rest, &record.key)) {
        bool is_there;
        TRY(on_type(node->client, &is_there, &record.type, error));
        if (is_there)
            TRY(fn(ctx, &record, error));
    }
    return RF_OK;
}
