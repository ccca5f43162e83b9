/* SPDX-License-Identifier: MIT */
#include "support/one_value.h"
#include "support/record.h"
#include "support/run.h"
#include <criterion/criterion.h>

void open_value(struct opened *o, const struct one_value *value)
{
    rf_source *source;
    memset(o, 0, sizeof *o);
    const char *magic = value->magic ? value->magic : "REDIS0015";
    put_bytes(&o->file, slice_of(magic, strlen(magic)));
    put_hex(&o->file, value->before ? value->before : "");
    put_key(&o->file, value->type, "k");
    put_hex(&o->file, value->hex);
    put_end(&o->file);
    rf_slice file = built(&o->file);
    rf_reader_options options = {.block_size = 4096, .notify = {count_notice, o->notices}};
    cr_assert_eq(rf_source_open_memory(file.ptr, file.len, "file", &source, &o->error), RF_OK);
    cr_assert_eq(rf_reader_open(source, &options, &o->reader, &o->error), RF_OK, "%s", o->error.message);
    cr_assert_eq(rf_reader_next(o->reader, &o->entry, &o->error), RF_OK, "%s", o->error.message);
    cr_assert_eq(o->entry.kind, RF_ENTRY_KEY);
    cr_assert(slice_equal(o->entry.key, SLICE("k")));
}

void close_value(struct opened *o)
{
    rf_reader_close(o->reader);
    build_free(&o->file);
}

rf_code walk_value(const struct one_value *value, struct buffer *text, rf_error *error)
{
    struct opened o;
    open_value(&o, value);
    rf_code code = rf_value_walk(o.entry.value, &recorder, text, &o.error);
    *error = o.error;
    close_value(&o);
    return code;
}
