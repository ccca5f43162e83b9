/* SPDX-License-Identifier: MIT */
/* Copies values, above both decoding and encoding: most as they are stored; streams with corrected counters,
 * hashes with a template, and hashes and sets with changed elements, in a type that can represent them. */
#include "base/fail.h"
#include "rdb/rdb_reencode.h"
#include "rdb/rdb_reencode_stream.h"
#include "rdb/value.h"

uint8_t rf_value_copied_type(const rf_value *value)
{
    if (LIKELY(!value->changed))
        return value->type->copied_type;
    const rf_encoding *encoding = &value->type->encoding;
    return value->is_plain ? rdb_plain_type(encoding->type)
                           : rdb_expiring_type(encoding->type, encoding->dialect);
}

COLD static rf_code copy_reencoded(rf_value *value, rf_bytes_fn fn, void *ctx, rf_error *error)
{
    const uint8_t type = rf_value_copied_type(value);
    struct rdb_survey survey;
    TRY(rdb_survey(value, &survey, error));
    if (survey.odd_second && value->type->encoding.dialect == RF_DRAGONFLY) {
        fail(error, RF_E_INCOMPATIBLE, "type %u cannot represent the shifted expiry of its elements", type);
        error_key(error, value->db, value->key);
        return RF_E_INCOMPATIBLE;
    }
    return rdb_reencode(value, type, &survey, fn, ctx, error);
}

rf_code rf_value_copy(rf_value *value, rf_bytes_fn fn, void *ctx, rf_error *error)
{
    if (UNLIKELY(!value_is_complete(value)))
        return copy_reencoded(value, fn, ctx, error);
    if (value->type->encoding.type == RF_STREAM)
        return rdb_reencode_stream(value, value->type->encoding.number, fn, ctx, error);
    return value_copy_stored(value, fn, ctx, error);
}
