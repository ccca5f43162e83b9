/* SPDX-License-Identifier: MIT */
/* Extracts words from each form of a reply. */
#include "cluster/topology_words.h"
#include "base/bytes.h"
#include "base/fail.h"
#include "base/number.h"
#include <ctype.h>

static const char too_short[] = "truncated";

static int first_byte(const struct words *words)
{
    return words->text.rest.len > 0 ? *words->text.rest.ptr : -1;
}

static bool is_one_of(int byte, const char *bytes)
{
    return byte > 0 && strchr(bytes, byte);
}

/* Removes a quoted string, unparsed. */
static rf_code take_quoted(struct topology_text *text, rf_slice *string, rf_error *error)
{
    size_t n = 1;
    for (; n < text->rest.len && !memchr("\"\n", text->rest.ptr[n], 2); n++)
        n += text->rest.ptr[n] == '\\';
    if (n >= text->rest.len || text->rest.ptr[n] != '"')
        return topology_fault(text, error, "unterminated string");
    *string = slice_of(text->rest.ptr + 1, n - 1);
    topology_skip(text, n + 1);
    return RF_OK;
}

/* --- to a file --------------------------------------------------------------------------------------- */

static rf_code next_of_file(struct words *words, struct word *out, rf_error *error)
{
    (void)error;
    rf_slice rest = words->text.rest;
    size_t n = 0;
    if (rest.len == 0)
        return RF_END;
    while (n < rest.len && rest.ptr[n] != ' ' && rest.ptr[n] != '\n')
        n++;
    bool crlf = n > 0 && n < rest.len && rest.ptr[n] == '\n' && rest.ptr[n - 1] == '\r';
    *out = (struct word){slice_of(rest.ptr, n - crlf), words->text.line};
    topology_skip(&words->text, n + (n < rest.len));
    return RF_OK;
}

/* --- to a terminal ----------------------------------------------------------------------------------- */

/* "1) ", "1# ", "=> " */
static rf_code skip_prefixes(struct topology_text *text, rf_error *error)
{
    for (bool any = false;; any = true) {
        size_t n = 0;
        topology_skip_blanks(text);
        if (any && text->rest.len == 0)
            return topology_fault(text, error, too_short);
        while (n < text->rest.len && isdigit(text->rest.ptr[n]))
            n++;
        if (n > 0 && (n == text->rest.len || !is_one_of(text->rest.ptr[n], ")#~")))
            return topology_fault(text, error, "missing parenthesis after a number");
        if (n == 0 && (text->rest.len < 2 || memcmp(text->rest.ptr, "=>", 2) != 0))
            return RF_OK;
        topology_skip(text, n > 0 ? n + 1 : 2);
    }
}

/* "(integer) 5460", "(nil)", "(empty array)" */
static rf_code take_parenthesis(struct topology_text *text, rf_slice *word, rf_error *error)
{
    static const rf_slice integer = {(const uint8_t *)"(integer) ", 10};
    char quoted[TOPOLOGY_QUOTED];
    struct topology_text at = *text;
    rf_slice line;
    topology_line(text, &line);
    if (line.len > integer.len && memcmp(line.ptr, integer.ptr, integer.len) == 0) {
        *word = slice_of(line.ptr + integer.len, line.len - integer.len);
        return RF_OK;
    }
    *word = (rf_slice){0};
    if (slice_equal(line, SLICE("(nil)")) || slice_equal(line, SLICE("(empty array)")) ||
        slice_equal(line, SLICE("(empty hash)")))
        return RF_OK;
    return topology_fault(&at, error, "unexpected '%s'", topology_quote(line, quoted));
}

static rf_code next_of_terminal(struct words *words, struct word *out, rf_error *error)
{
    char quoted[TOPOLOGY_QUOTED];
    struct topology_text *text = &words->text;
    TRY(skip_prefixes(text, error));
    out->line = text->line;
    switch (first_byte(words)) {
    case -1: return RF_END;
    case '"': return take_quoted(text, &out->text, error);
    case '(': return take_parenthesis(text, &out->text, error);
    default: return topology_fault(text, error, "unexpected '%s'", topology_quote(text->rest, quoted));
    }
}

/* --- JSON -------------------------------------------------------------------------------------------- */

static rf_code bad_json(const struct words *words, rf_error *error)
{
    char quoted[TOPOLOGY_QUOTED];
    return topology_fault(&words->text, error, "invalid JSON at '%s'",
                          topology_quote(words->text.rest, quoted));
}

static rf_code open_bracket(struct words *words, rf_error *error)
{
    if (words->json_last == JSON_VALUE)
        return bad_json(words, error);
    if (words->depth == WORDS_DEPTH)
        return topology_fault(&words->text, error, "brackets nested too deeply");
    words->is_object[words->depth++] = *words->text.rest.ptr == '{';
    words->json_last = JSON_OPEN;
    topology_skip(&words->text, 1);
    return RF_OK;
}

static rf_code close_bracket(struct words *words, rf_error *error)
{
    bool is_object = *words->text.rest.ptr == '}';
    if (words->depth == 0 || words->json_last == JSON_SEPARATOR ||
        words->is_object[words->depth - 1] != is_object)
        return bad_json(words, error);
    words->depth--;
    words->json_last = JSON_VALUE;
    topology_skip(&words->text, 1);
    return RF_OK;
}

static rf_code separate(struct words *words, rf_error *error)
{
    if (words->depth == 0 || words->json_last != JSON_VALUE)
        return bad_json(words, error);
    words->json_last = JSON_SEPARATOR;
    topology_skip(&words->text, 1);
    return RF_OK;
}

static rf_code take_value(struct words *words, rf_slice *word, rf_error *error)
{
    rf_slice rest = words->text.rest;
    size_t n = 0;
    if (words->json_last == JSON_VALUE)
        return bad_json(words, error);
    words->json_last = JSON_VALUE;
    if (*rest.ptr == '"')
        return take_quoted(&words->text, word, error);
    while (n < rest.len && (isalnum(rest.ptr[n]) || is_one_of(rest.ptr[n], "+-.")))
        n++;
    if (n == 0)
        return bad_json(words, error);
    *word = slice_of(rest.ptr, n);
    if (slice_equal(*word, SLICE("null")))
        word->len = 0;
    topology_skip(&words->text, n);
    return RF_OK;
}

static rf_code next_of_json(struct words *words, struct word *out, rf_error *error)
{
    for (;;) {
        topology_skip_blanks(&words->text);
        int byte = first_byte(words);
        *out = (struct word){.line = words->text.line};
        if (byte < 0 && words->depth == 0)
            return RF_END;
        if (byte < 0)
            return topology_fault(&words->text, error, too_short);
        bool empty = words->json_last == JSON_OPEN;
        if (is_one_of(byte, "[{"))
            TRY(open_bracket(words, error));
        else if (is_one_of(byte, ",:"))
            TRY(separate(words, error));
        else if (!is_one_of(byte, "]}"))
            return take_value(words, &out->text, error);
        else
            TRY(close_bracket(words, error));
        if (empty && words->json_last == JSON_VALUE)
            return RF_OK;
    }
}

/* --- RESP ------------------------------------------------------------------------------------------- */

/* Removes a whole line, with its type byte. */
static rf_code take_line(struct topology_text *text, rf_slice *line, rf_error *error)
{
    if (text->rest.len == 0 || !memchr(text->rest.ptr, '\n', text->rest.len))
        return topology_fault(text, error, too_short);
    struct topology_text at = *text;
    topology_line(text, line);
    return line->len > 0 ? RF_OK : topology_fault(&at, error, "empty line in a RESP reply");
}

/* Removes what follows "$9". */
static rf_code take_bytes(struct topology_text *text, rf_slice length, rf_slice *bytes, rf_error *error)
{
    char quoted[TOPOLOGY_QUOTED];
    uint64_t n;
    *bytes = (rf_slice){0};
    if (slice_equal(length, SLICE("-1")))
        return RF_OK;
    if (!number_parse_u64(length, &n))
        return topology_fault(text, error, "'%s' is not a length", topology_quote(length, quoted));
    if (text->rest.len < 2 || n > text->rest.len - 2)
        return topology_fault(text, error, too_short);
    if (memcmp(text->rest.ptr + n, "\r\n", 2) != 0)
        return topology_fault(text, error, "string length mismatch");
    *bytes = slice_of(text->rest.ptr, n);
    topology_skip(text, n + 2);
    return RF_OK;
}

/* The number of elements that follow "*3"; at most as many as can be in the text. */
static rf_code take_count(const struct topology_text *text, rf_slice line, uint64_t *count, rf_error *error)
{
    char quoted[TOPOLOGY_QUOTED];
    rf_slice number = slice_of(line.ptr + 1, line.len - 1);
    *count = 0;
    if (slice_equal(number, SLICE("-1")))
        return RF_OK;
    if (!number_parse_u64(number, count))
        return topology_fault(text, error, "'%s' is not a count", topology_quote(number, quoted));
    if (*count > text->rest.len)
        return topology_fault(text, error, too_short);
    *count *= *line.ptr == '%' ? 2 : 1;
    return RF_OK;
}

static rf_code next_on_wire(struct words *words, struct word *out, rf_error *error)
{
    char quoted[TOPOLOGY_QUOTED];
    struct topology_text *text = &words->text;
    while (words->left > 0) {
        rf_slice line, value;
        uint64_t count;
        out->line = text->line;
        TRY(take_line(text, &line, error));
        words->left--;
        value = slice_of(line.ptr + 1, line.len - 1);
        if (is_one_of(*line.ptr, "$="))
            return take_bytes(text, value, &out->text, error);
        if (is_one_of(*line.ptr, "-!"))
            return topology_fault(text, error, "error reply: %s", topology_quote(line, quoted));
        out->text = value;
        if (is_one_of(*line.ptr, ":+_"))
            return RF_OK;
        if (!is_one_of(*line.ptr, "*%~"))
            return topology_fault(text, error, "unexpected '%s'", topology_quote(line, quoted));
        TRY(take_count(text, line, &count, error));
        words->left += count;
        out->text = (rf_slice){0};
        if (count == 0)
            return RF_OK;
    }
    topology_skip_blanks(text);
    return text->rest.len == 0 ? RF_END : topology_fault(text, error, "more than one reply");
}

rf_code words_unwrap(struct topology_text *text, rf_error *error)
{
    rf_slice line, bytes;
    TRY(take_line(text, &line, error));
    struct topology_text inside = *text;
    TRY(take_bytes(text, slice_of(line.ptr + 1, line.len - 1), &bytes, error));
    topology_skip_blanks(text);
    if (text->rest.len > 0)
        return topology_fault(text, error, "more than one reply");
    bool verbatim = *line.ptr == '=' && bytes.len >= 4;
    inside.rest = verbatim ? slice_of(bytes.ptr + 4, bytes.len - 4) : bytes;
    *text = inside;
    return RF_OK;
}

/* --- all forms -------------------------------------------------------------------------------------- */

static bool is_terminal(const struct topology_text *text)
{
    size_t n = 0;
    while (n < text->rest.len && isdigit(text->rest.ptr[n]))
        n++;
    return n < text->rest.len && is_one_of(text->rest.ptr[n], n > 0 ? ")#~" : "(");
}

static rf_code look_ahead(struct words *words, rf_error *error)
{
    rf_code code = RF_OK;
    while (words->count < WORDS_AHEAD && code == RF_OK)
        if ((code = words->next(words, &words->ahead[words->count], error)) == RF_OK)
            words->count++;
    return code == RF_END ? RF_OK : code;
}

rf_code words_open(struct words *words, const struct topology_text *text, rf_error *error)
{
    *words = (struct words){.at = *text, .text = *text, .left = 1};
    int byte = first_byte(words);
    words->next = is_one_of(byte, "[{")      ? next_of_json
                  : is_one_of(byte, "*%~-!") ? next_on_wire
                  : is_terminal(text)        ? next_of_terminal
                                             : next_of_file;
    return look_ahead(words, error);
}

const rf_slice *words_ahead(const struct words *words, unsigned n)
{
    return n < words->count ? &words->ahead[n].text : NULL;
}

rf_code words_take(struct words *words, rf_slice *word, rf_error *error)
{
    if (words->count == 0)
        return topology_fault(&words->text, error, too_short);
    *word = words->ahead[0].text;
    words->at.line = words->ahead[0].line;
    words->count--;
    memmove(words->ahead, words->ahead + 1, words->count * sizeof *words->ahead);
    return look_ahead(words, error);
}
