/* SPDX-License-Identifier: MIT */
/* A difference on a line of JSON:
 *
 *     {"difference":"changed","db":0,"key":"k","type":"hash","before":SIDE,"after":SIDE,"changes":["value"]}
 *     {"difference":"added","function":"library","before":null,"after":SIDE}
 *     SIDE: {"type":"hash","expire_ms":null,"digest":"...","input":"a.rdb","offset":9}
 *
 * A name that is not valid UTF-8 has every byte from 0x80 on as \u00XX, and its bytes in "key_base64". */
#include "cmd/compare/differences_json.h"
#include "cmd/term/text.h"
#include "cmd/term/utf8.h"
#include <inttypes.h>
#include <string.h>

/* --- text --------------------------------------------------------------------------------------------- */

/* `plain`: bytes from 0x80 on are printed as they are. */
static void put_string(FILE *out, rf_slice text, bool plain)
{
    putc('"', out);
    for (size_t i = 0; i < text.len; i++) {
        uint8_t byte = text.ptr[i];
        if (byte < ' ' || byte == 0x7f || (byte >= 0x80 && !plain)) {
            fprintf(out, "\\u%04x", byte);
        } else {
            if (byte == '"' || byte == '\\')
                putc('\\', out);
            putc(byte, out);
        }
    }
    putc('"', out);
}

static void put_base64(FILE *out, rf_slice bytes)
{
    static const char digits[64] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    putc('"', out);
    for (size_t i = 0; i < bytes.len; i += 3) {
        size_t n = bytes.len - i < 3 ? bytes.len - i : 3;
        uint32_t group = 0;
        for (size_t k = 0; k < 3; k++)
            group = group << 8 | (k < n ? bytes.ptr[i + k] : 0);
        for (size_t k = 0; k < 4; k++)
            putc(k <= n ? digits[group >> (18 - 6 * k) & 63] : '=', out);
    }
    putc('"', out);
}

static void put_name(FILE *out, const char *member, rf_slice name)
{
    bool good = utf8_valid(name);
    fprintf(out, ",\"%s\":", member);
    put_string(out, name, good);
    if (good)
        return;
    fprintf(out, ",\"%s_base64\":", member);
    put_base64(out, name);
}

/* --- the object --------------------------------------------------------------------------------------- */

static void put_type(FILE *out, rf_type type)
{
    if (type < RF_TYPE_COUNT)
        fprintf(out, "\"%s\"", text_type(type));
    else
        fputs("null", out);
}

static void put_key(FILE *out, const rf_key_record *record)
{
    if (record->db == RF_LIBRARY) {
        put_name(out, "function", record->key);
        return;
    }
    fprintf(out, ",\"db\":%" PRId64, record->db);
    put_name(out, "key", record->key);
    fputs(",\"type\":", out);
    put_type(out, record->type);
}

static void put_input(const struct differences *differences, const rf_key_record *record)
{
    const char *name = differences_input(differences, record);
    rf_slice input = {(const uint8_t *)name, strlen(name)};
    fputs(",\"input\":", differences->out);
    put_string(differences->out, input, utf8_valid(input));
    if (record->input < differences->input_count)
        fprintf(differences->out, ",\"offset\":%" PRIu64, record->offset);
}

static void put_side(const struct differences *differences, const char *member, const rf_key_record *record)
{
    FILE *out = differences->out;
    fprintf(out, ",\"%s\":%s", member, record ? "{" : "null");
    if (!record)
        return;
    if (record->db != RF_LIBRARY) {
        fputs("\"type\":", out);
        put_type(out, record->type);
        if (record->expire_ms == RF_NO_EXPIRY)
            fputs(",\"expire_ms\":null,", out);
        else
            fprintf(out, ",\"expire_ms\":%" PRId64 ",", record->expire_ms);
    }
    char digest[RF_DIGEST_TEXT];
    rf_digest_format(record->published, digest);
    fprintf(out, "\"digest\":\"%s\"", digest);
    put_input(differences, record);
    putc('}', out);
}

static void put_what(FILE *out, unsigned changes)
{
    static const struct {
        unsigned change;
        const char *name;
    } names[] = {{CHANGED_VALUE, "value"}, {CHANGED_TYPE, "type"}, {CHANGED_EXPIRY, "expiry"}};
    const char *separator = ",\"changes\":[";
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (!(changes & names[i].change))
            continue;
        fprintf(out, "%s\"%s\"", separator, names[i].name);
        separator = ",";
    }
    putc(']', out);
}

void differences_print_json(const struct differences *differences, const rf_difference *difference,
                            unsigned changes)
{
    static const char *const kinds[] = {[RF_ADDED] = "added",
                                        [RF_REMOVED] = "removed",
                                        [RF_CHANGED] = "changed",
                                        [RF_DUPLICATE] = "duplicate"};
    FILE *out = differences->out;
    fprintf(out, "{\"difference\":\"%s\"", kinds[difference->kind]);
    put_key(out, difference->after ? difference->after : difference->before);
    put_side(differences, "before", difference->before);
    put_side(differences, "after", difference->after);
    if (changes)
        put_what(out, changes);
    fputs("}\n", out);
}
