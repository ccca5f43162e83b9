/* SPDX-License-Identifier: MIT */
/* A difference on a line of JSON:
 *
 *     {"difference":"changed","db":0,"key":"k","type":"hash","before":SIDE,"after":SIDE,"changes":["value"]}
 *     {"difference":"added","function":"library","before":null,"after":SIDE}
 *     SIDE: {"type":"hash","expire_ms":null,"digest":"...","input":"a.rdb","offset":9}
 *           "no_evict":true follows the expiry of a key that has the attribute
 *
 * A name that is not valid UTF-8 has every byte from 0x80 on as \u00XX, and its bytes in "key_base64". */
#include "cmd/compare/differences_json.h"
#include "base/json.h"
#include "base/utf8.h"
#include <string.h>

static void put_name(struct json *json, const char *member, const char *member_base64, rf_slice name)
{
    json_bytes(json, member, name);
    if (!utf8_is_valid(name))
        json_base64(json, member_base64, name);
}

static void put_type(struct json *json, rf_type type)
{
    json_string(json, "type", type < RF_TYPE_COUNT ? rf_type_name(type) : NULL);
}

static void put_key(struct json *json, const rf_key_record *record)
{
    if (record->db == RF_LIBRARY) {
        put_name(json, "function", "function_base64", record->key);
        return;
    }
    json_signed(json, "db", record->db);
    put_name(json, "key", "key_base64", record->key);
    put_type(json, record->type);
}

static void put_side(struct json *json, const char *member, const struct differences *differences,
                     const rf_key_record *record)
{
    if (!record) {
        json_string(json, member, NULL);
        return;
    }
    json_object(json, member);
    if (record->db != RF_LIBRARY) {
        put_type(json, record->type);
        if (record->expire_ms == RF_NO_EXPIRY)
            json_string(json, "expire_ms", NULL);
        else
            json_signed(json, "expire_ms", record->expire_ms);
        if (record->no_evict)
            json_bool(json, "no_evict", true);
    }
    char digest[RF_DIGEST_TEXT];
    rf_digest_format(record->published, digest);
    json_string(json, "digest", digest);
    const char *input = differences_input(differences, record);
    json_bytes(json, "input", (rf_slice){(const uint8_t *)input, strlen(input)});
    if (record->input < differences->input_count)
        json_number(json, "offset", record->offset);
    json_end_object(json);
}

void differences_put_changes(struct json *json, unsigned changes)
{
    static const struct {
        unsigned change;
        const char *name;
    } names[] = {{CHANGED_VALUE, "value"},
                 {CHANGED_TYPE, "type"},
                 {CHANGED_EXPIRY, "expiry"},
                 {CHANGED_NO_EVICT, "no_evict"}};
    json_array(json, "changes");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (changes & names[i].change)
            json_string(json, NULL, names[i].name);
    json_end_array(json);
}

void differences_print_json(const struct differences *differences, const rf_difference *difference,
                            unsigned changes)
{
    static const char *const kinds[] = {[RF_ADDED] = "added",
                                        [RF_REMOVED] = "removed",
                                        [RF_CHANGED] = "changed",
                                        [RF_DUPLICATE] = "duplicate"};
    struct json json = {.out = differences->out, .one_line = true};
    json_object(&json, NULL);
    json_string(&json, "difference", kinds[difference->kind]);
    put_key(&json, difference->after ? difference->after : difference->before);
    put_side(&json, "before", differences, difference->before);
    put_side(&json, "after", differences, difference->after);
    if (changes)
        differences_put_changes(&json, changes);
    json_end_object(&json);
}
