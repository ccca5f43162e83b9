/* SPDX-License-Identifier: MIT */
/* Modules' values, part by part. */
#include "base/bytes.h"
#include "support/one_value.h"
#include "support/record.h"
#include <criterion/criterion.h>
#include <rdbferry/live.h>

static const char *const kinds[] = {
    [RF_PART_SIGNED] = "signed", [RF_PART_UNSIGNED] = "unsigned", [RF_PART_FLOAT] = "float",
    [RF_PART_DOUBLE] = "double", [RF_PART_STRING] = "string",
};

static rf_code record_part(void *ctx, const rf_module_part *part)
{
    record_text(ctx, "%s ", kinds[part->kind]);
    if (part->kind == RF_PART_SIGNED)
        record_text(ctx, "%lld", (long long)part->number);
    else if (part->kind == RF_PART_UNSIGNED)
        record_text(ctx, "%llu", (unsigned long long)part->number);
    else
        record_bytes(ctx, part->bytes);
    record_text(ctx, "\n");
    return RF_OK;
}

static rf_code record_module(void *ctx, const char name[10], uint64_t version)
{
    record_text(ctx, "module %s %llu\n", name, (unsigned long long)version);
    return RF_OK;
}

static const rf_visitor everything = {.module = record_module, .module_part = record_part};
static const rf_visitor parts_only = {.module_part = record_part};

#define ID "81bde72da2bb1eb401"

static rf_code walk(const char *hex, const rf_visitor *visitor, struct buffer *text, rf_error *error)
{
    struct opened o;
    open_value(&o, &(struct one_value){.type = 7, .hex = hex});
    rf_code code = rf_value_walk(o.entry.value, visitor, text, &o.error);
    if (code == RF_OK)
        cr_expect_eq(rf_reader_next(o.reader, &o.entry, &o.error), RF_END, "%s: %s", hex, o.error.message);
    *error = o.error;
    close_value(&o);
    return code;
}

Test(value_module, every_kind_of_part)
{
    static const struct {
        const char *hex, *told;
    } parts[] = {
        {"", ""},
        {"01 05", "signed 5\n"},
        {"01 81ffffffffffffffff", "signed -1\n"},
        {"01 818000000000000000", "signed -9223372036854775808\n"},
        {"02 81ffffffffffffffff", "unsigned 18446744073709551615\n"},
        {"03 0000c03f", "float \\x00\\x00\\xc0?\n"},
        {"04 000000000000f03f", "double \\x00\\x00\\x00\\x00\\x00\\x00\\xf0?\n"},
        {"05 03616263", "string abc\n"},
        {"05 00", "string \n"},
        {"05 c17fff", "string -129\n"},
        {"05 c30b1e0361626361e00f02016263", "string abcabcabcabcabcabcabcabcabcabc\n"},
        {"02 05 05 0161 02 4100", "unsigned 5\nstring a\nunsigned 256\n"},
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        char hex[128], told[128];
        struct buffer text = {0};
        rf_error error;
        snprintf(hex, sizeof hex, ID " %s 00", parts[i].hex);
        snprintf(told, sizeof told, "module vectorset 1\n%s", parts[i].told);
        cr_expect_eq(walk(hex, &everything, &text, &error), RF_OK, "%s: %s", hex, error.message);
        cr_expect_str_eq(record_end(&text), told, "%s", hex);
        text.len = 0;
        cr_expect_eq(walk(hex, &parts_only, &text, &error), RF_OK, "%s: %s", hex, error.message);
        cr_expect_str_eq(record_end(&text), parts[i].told, "%s", hex);
        buffer_free(&text);
    }
}

Test(value_module, damage_is_found_whoever_listens)
{
    static const char *const damaged[] = {"06 00", "01 c0", "05 ff", "03 0000"};
    for (size_t i = 0; i < sizeof damaged / sizeof *damaged; i++) {
        char hex[128];
        struct buffer text = {0};
        rf_error heard, passed;
        snprintf(hex, sizeof hex, ID " %s", damaged[i]);
        rf_code code = walk(hex, &everything, &text, &heard);
        cr_expect(code == RF_E_CORRUPT || code == RF_E_TRUNCATED, "%s", hex);
        cr_expect_eq(walk(hex, &(rf_visitor){.module = record_module}, &text, &passed), code, "%s", hex);
        cr_expect_str_eq(heard.message, passed.message);
        cr_expect_eq(heard.offset, passed.offset);
        buffer_free(&text);
    }
}

static rf_code refuse(void *ctx, const rf_module_part *part)
{
    (void)part;
    return --*(int *)ctx > 0 ? RF_OK : RF_E_INCOMPATIBLE;
}

Test(value_module, a_visitor_ends_the_walk)
{
    static const rf_visitor refuser = {.module_part = refuse};
    struct opened o;
    int parts = 2;
    open_value(&o, &(struct one_value){.type = 7, .hex = ID " 02 05 02 06 02 07 00"});
    cr_expect_eq(rf_value_walk(o.entry.value, &refuser, &parts, &o.error), RF_E_INCOMPATIBLE);
    cr_expect_eq(parts, 0);
    close_value(&o);
}

Test(value_module, built_in_or_loaded)
{
    static const char json[] = "ReJSON\0", none[] = "";
    static const struct {
        rf_server server;
        const char *type, *modules;
        rf_module_presence presence;
    } cases[] = {
        {{RF_REDIS, 8, 0}, "vectorset", none, RF_MODULE_THERE},
        {{RF_REDIS, 7, 4}, "vectorset", none, RF_MODULE_LACKING},
        {{RF_VALKEY, 9, 0}, "vectorset", none, RF_MODULE_LACKING},
        {{RF_VALKEY, 9, 0}, "vectorset", NULL, RF_MODULE_UNSURE},
        {{RF_REDIS, 0, 0}, "vectorset", json, RF_MODULE_UNSURE},
        {{RF_REDIS, 8, 0}, "ReJSON-RL", none, RF_MODULE_LACKING},
        {{RF_REDIS, 6, 2}, "ReJSON-RL", json, RF_MODULE_THERE},
        {{RF_REDIS, 8, 0}, "graphdata", json, RF_MODULE_LACKING},
        {{RF_REDIS, 8, 0}, "homegrown", json, RF_MODULE_UNSURE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        cr_expect_eq(rf_module_presence_of(cases[i].server, cases[i].type, cases[i].modules),
                     cases[i].presence, "case %zu", i);
}

Test(value_module, only_collections_may_not_be_empty)
{
    for (rf_type type = 0; type < RF_TYPE_COUNT; type++)
        cr_expect_eq(rf_may_be_empty(type), type == RF_STRING || type == RF_STREAM || type == RF_MODULE);
}
