/* SPDX-License-Identifier: MIT */
#include "support/digests.h"
#include "support/exact.h"
#include <criterion/criterion.h>
#include <xxhash.h>

/* --- by definition ----------------------------------------------------------------------------------- */

wide hash_of(struct build *b)
{
    XXH128_hash_t hash = XXH3_128bits(b->bytes.data, b->bytes.len);
    build_free(b);
    return (wide)hash.high64 << 64 | hash.low64;
}

wide hash_text(const char *text)
{
    struct build b = {0};
    put_bytes(&b, slice_of(text, strlen(text)));
    return hash_of(&b);
}

void hash_put_str(struct build *b, const char *text)
{
    put_le64(b, strlen(text));
    put_bytes(b, slice_of(text, strlen(text)));
}

void hash_put_digest(struct build *b, wide digest)
{
    put_le64(b, (uint64_t)digest);
    put_le64(b, (uint64_t)(digest >> 64));
}

static wide expected_list(const struct element *elements, size_t count)
{
    struct build b = {0};
    for (size_t i = 0; i < count; i++)
        hash_put_str(&b, elements[i].name);
    return hash_of(&b);
}

static wide expected_element(rf_type type, const struct element *element)
{
    struct build b = {0};
    if (type == RF_HASH) {
        put_le64(&b, (uint64_t)element->expire_ms);
        hash_put_str(&b, element->name);
        put_bytes(&b, slice_of(element->value, strlen(element->value)));
        return hash_of(&b);
    }
    if (type == RF_SET && element->expire_ms != RF_NO_EXPIRY)
        put_le64(&b, (uint64_t)element->expire_ms);
    if (type == RF_ZSET)
        put_double(&b, element->score + 0.0); /* -0 counts as 0 */
    put_bytes(&b, slice_of(element->name, strlen(element->name)));
    return hash_of(&b);
}

static wide expected_set(const struct element *elements, size_t count)
{
    struct build b = {0};
    wide lasting = 0, expiring = 0;
    bool expires = false;
    for (size_t i = 0; i < count; i++) {
        bool this_one = elements[i].expire_ms != RF_NO_EXPIRY;
        *(this_one ? &expiring : &lasting) += expected_element(RF_SET, &elements[i]);
        expires |= this_one;
    }
    put_u8(&b, 'E');
    hash_put_digest(&b, expiring);
    const wide hash = hash_of(&b);
    return expires ? lasting + hash : lasting;
}

wide expected_collection(rf_type type, const struct element *elements, size_t count)
{
    wide sum = 0;
    if (type == RF_LIST)
        return expected_list(elements, count);
    if (type == RF_SET)
        return expected_set(elements, count);
    for (size_t i = 0; i < count; i++)
        sum += expected_element(type, &elements[i]);
    return sum;
}

/* --- by a digester ----------------------------------------------------------------------------------- */

rf_key_digest digest_value(const struct one_value *value)
{
    struct opened o;
    rf_key_digest digest = {0};
    rf_digester *digester = rf_digester_new(RF_DIGEST_PUBLISHED, true);
    open_value(&o, value);
    cr_assert_eq(rf_digest_key(digester, &o.entry, &digest, &o.error), RF_OK, "type %u: %s", value->type,
                 o.error.message);
    close_value(&o);
    rf_digester_free(digester);
    return digest;
}

/* The input lies in a block of exactly its size. */
static rf_code open_input(rf_slice exact, size_t block_size, rf_reader **reader, rf_error *error)
{
    rf_source *source;
    const rf_reader_options options = {.block_size = block_size};
    rf_code code = rf_source_open_memory(exact.ptr, exact.len, "input", &source, error);
    return code == RF_OK ? rf_reader_open(source, &options, reader, error) : code;
}

rf_code digest_input(rf_slice input, size_t block_size, bool unique, wide *sum, rf_error *error)
{
    rf_slice exact = exact_copy(input.ptr, input.len);
    rf_digester *digester = rf_digester_new(RF_DIGEST_PUBLISHED, unique);
    rf_reader *reader = NULL;
    rf_key_digest digest;
    rf_entry entry;
    *sum = 0;
    rf_code code = open_input(exact, block_size, &reader, error);
    while (code == RF_OK && (code = rf_reader_next(reader, &entry, error)) == RF_OK) {
        if (entry.kind == RF_ENTRY_FUNCTION)
            *sum += wide_of(rf_digest_library(entry.text));
        if (entry.kind == RF_ENTRY_KEY && (code = rf_digest_key(digester, &entry, &digest, error)) == RF_OK)
            *sum += wide_of(digest.key);
    }
    rf_reader_close(reader);
    rf_digester_free(digester);
    exact_free(exact);
    return code == RF_END ? RF_OK : code;
}

rf_code digest_first(rf_slice input, bool unique, rf_key_digest *out, rf_error *error)
{
    rf_slice exact = exact_copy(input.ptr, input.len);
    rf_digester *digester = rf_digester_new(RF_DIGEST_PUBLISHED, unique);
    rf_reader *reader;
    rf_entry entry = {0};
    cr_assert_eq(open_input(exact, 64, &reader, error), RF_OK, "%s", error->message);
    while (entry.kind != RF_ENTRY_KEY)
        cr_assert_eq(rf_reader_next(reader, &entry, error), RF_OK, "%s", error->message);
    rf_code code = rf_digest_key(digester, &entry, out, error);
    rf_reader_close(reader);
    rf_digester_free(digester);
    exact_free(exact);
    return code;
}

rf_key_digest digest_form(const struct form *form, const struct element *elements, size_t count)
{
    struct build b = {0};
    rf_key_digest digest;
    rf_error error;
    put_bytes(&b, slice_of(form->magic, strlen(form->magic)));
    put_form(&b, form, "k", elements, count);
    put_end(&b);
    cr_assert_eq(digest_first(built(&b), COMPARE_ALL, &digest, &error), RF_OK, "%s, %zu: %s", form->name,
                 count, error.message);
    build_free(&b);
    return digest;
}
