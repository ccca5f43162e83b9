/* SPDX-License-Identifier: MIT */
/* JSON read back. It is the program's, which the tests do not link. */
#include "cmd/json.c"
#include "cmd/parse.c"
#include "cmd/utf8.c"

#include "cmd/json_read.c"
#include <criterion/criterion.h>

TestSuite(json_read, .timeout = 120);

static bool reads(const char *text, struct json_values *values, char **copy)
{
    *copy = strdup(text);
    return json_read(*copy, values);
}

static void put_sample(FILE *out)
{
    struct json json = {.out = out};
    const uint64_t numbers[] = {1, 2};
    json_object(&json, NULL);
    json_string(&json, "text", "a \"b\" \\ \x01\n\x7f \xc3\xa9");
    json_string(&json, "empty", "");
    json_string(&json, "none", NULL);
    json_number(&json, "most", UINT64_MAX);
    json_signed(&json, "least", INT64_MIN);
    json_bool(&json, "yes", true);
    json_object(&json, "nothing");
    json_end_object(&json);
    json_array(&json, "list");
    json_object(&json, NULL);
    json_seconds(&json, "a", 1.5);
    json_end_object(&json);
    json_string(&json, NULL, "b");
    json_end_array(&json);
    json_numbers(&json, "numbers", numbers, 2);
    json_end_object(&json);
}

Test(json_read, what_was_written)
{
    static const char *const expected[][2] = {
        {"text", "a \"b\" \\ \x01\n\x7f \xc3\xa9"},
        {"empty", ""},
        {"none", "null"},
        {"most", "18446744073709551615"},
        {"least", "-9223372036854775808"},
        {"yes", "true"},
        {"list.0.a", "1.500"},
        {"list.1", "b"},
        {"numbers.0", "1"},
        {"numbers.1", "2"},
    };
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    struct json_values values;
    uint64_t number;
    put_sample(out);
    fclose(out);
    cr_assert(json_read(text, &values));
    cr_assert_eq(values.count, sizeof expected / sizeof *expected);
    for (size_t i = 0; i < values.count; i++) {
        cr_assert_str_eq(values.all[i].path, expected[i][0]);
        cr_assert_str_eq(values.all[i].text, expected[i][1]);
        cr_assert_str_eq(json_text_at(&values, expected[i][0]), expected[i][1]);
    }
    cr_assert(json_number_at(&values, "most", &number) && number == UINT64_MAX);
    cr_assert_not(json_number_at(&values, "least", &number));
    cr_assert_not(json_number_at(&values, "nowhere", &number));
    cr_assert_null(json_text_at(&values, "list"));
    json_values_free(&values);
    free(text);
}

/* Every beginning of a text is refused, and nothing is read behind its end. */
Test(json_read, beginnings)
{
    static const char whole[] = "{\"a\": [1, {\"b\": \"\\u0041\\n\"}, true], \"c\": -1.5}";
    struct json_values values;
    char *copy;
    for (size_t length = 0; length <= sizeof whole - 1; length++) {
        copy = strndup(whole, length);
        cr_assert_eq(json_read(copy, &values), length == sizeof whole - 1, "%zu bytes", length);
        json_values_free(&values);
        free(copy);
    }
}

Test(json_read, what_is_none)
{
    static const char *const texts[] = {
        "1",
        "[]",
        "{} x",
        "{\"a\"}",
        "{\"a\": }",
        "{\"a\": 1,}",
        "{\"a\": [1,]}",
        "{\"a\": [1}",
        "{a: 1}",
        "{\"a\": \"\\x\"}",
        "{\"a\": \"\\u0000\"}",
        "{\"a\": \"\\u20ac\"}",
        "{\"a\": \"\\u00\"}",
        "{\"a\": [[[[[[[[1]]]]]]]]}",
    };
    struct json_values values;
    char *copy;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        cr_assert_not(reads(texts[i], &values, &copy), "%s", texts[i]);
        json_values_free(&values);
        free(copy);
    }
}
