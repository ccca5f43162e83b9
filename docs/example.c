/* SPDX-License-Identifier: MIT */
/* Lists the keys of an RDB or AOF with their types and expiries, and the fields of its hashes.
 *
 *     cc example.c $(pkg-config --cflags --libs rdbferry) -o example && ./example dump.rdb
 */
#include <inttypes.h>
#include <rdbferry/rdbferry.h>
#include <stdio.h>
#include <string.h>

static void print_bytes(rf_slice bytes)
{
    fwrite(bytes.ptr, 1, bytes.len, stdout);
}

/* A visitor's callback: the slices are valid until it returns. */
static rf_code on_field(void *ctx, rf_slice field, rf_slice value, int64_t expire_ms)
{
    uint64_t *fields = (uint64_t *)ctx;
    (void)expire_ms;
    ++*fields;
    fputs("    ", stdout);
    print_bytes(field);
    fputs(" = ", stdout);
    print_bytes(value);
    putchar('\n');
    return RF_OK;
}

static rf_code print_key(const rf_entry *key, uint64_t *fields, rf_error *error)
{
    printf("db %" PRId64 ", %s ", key->db, rf_type_name(key->type));
    print_bytes(key->key);
    if (key->expire_ms != RF_NO_EXPIRY)
        printf(", expires at %" PRId64 " ms", key->expire_ms);
    putchar('\n');
    if (key->type != RF_HASH)
        return RF_OK; /* the reader skips the value */
    rf_visitor visitor;
    memset(&visitor, 0, sizeof visitor);
    visitor.field = on_field;
    return rf_value_walk(key->value, &visitor, fields, error);
}

static rf_code list(const char *path, rf_error *error)
{
    rf_source *source;
    rf_code code = rf_source_open(path, &source, error);
    if (code != RF_OK)
        return code;
    rf_reader_options options;
    memset(&options, 0, sizeof options);
    rf_reader *reader;
    code = rf_reader_open(source, &options, &reader, error); /* the source now belongs to the reader */
    if (code != RF_OK)
        return code;
    uint64_t keys = 0, fields = 0;
    rf_entry entry;
    while ((code = rf_reader_next(reader, &entry, error)) == RF_OK) {
        if (entry.kind != RF_ENTRY_KEY)
            continue;
        keys++;
        code = print_key(&entry, &fields, error);
        if (code != RF_OK)
            break;
    }
    rf_reader_close(reader);
    if (code == RF_END)
        printf("%" PRIu64 " keys, %" PRIu64 " fields of hashes\n", keys, fields);
    return code == RF_END ? RF_OK : code;
}

int main(int argc, char **argv)
{
    rf_error error;
    if (argc != 2) {
        fputs("usage: example FILE\n", stderr);
        return 2;
    }
    if (list(argv[1], &error) != RF_OK) {
        char message[1024];
        rf_error_format(&error, message, sizeof message);
        fprintf(stderr, "example: %s\n", message);
        return 1;
    }
    return 0;
}
