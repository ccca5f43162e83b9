/* SPDX-License-Identifier: MIT */
/* products.def as a table. */
#include "rdb/product.h"

static const struct {
    rf_slice field;
    bool is_beginning;
    const char *product;
} products[] = {
#define FIELD(name, product)  {{(const uint8_t *)(name), sizeof(name) - 1}, false, product},
#define FIELDS(name, product) {{(const uint8_t *)(name), sizeof(name) - 1}, true, product},
#include "rdb/products.def"
#undef FIELDS
#undef FIELD
};

const char *product_of_aux(rf_slice name)
{
    for (size_t i = 0; i < sizeof products / sizeof *products; i++) {
        rf_slice field = products[i].field, compared = name;
        if (products[i].is_beginning && name.len > field.len)
            compared.len = field.len;
        if (slice_equal(compared, field))
            return products[i].product;
    }
    return NULL;
}
