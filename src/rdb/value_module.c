/* SPDX-License-Identifier: MIT */
/* Module values: an id, then (opcode, value) pairs up to a 0. Nobody but the module knows what they mean;
 * they can be passed by and copied.
 *
 *   id: nine 6-bit letters, the first in the highest bits, then 10 bits of encoding version
 *   items:  1 SINT len   2 UINT len   3 FLOAT 4 bytes   4 DOUBLE 8 bytes   5 STRING string   0 end
 *
 * (Valkey src/rdb.c: rdbLoadCheckModuleValue, src/module.c: moduleTypeNameByID) */
#include "rdb/rdb_read.h"
#include "rdb/value.h"

void module_name(uint64_t id, char name[10])
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for (int i = 0; i < 9; i++)
        name[i] = letters[id >> (58 - 6 * i) & 63];
    name[9] = '\0';
}

/* Vector sets came with Redis 8.0 and are built in. All other modules are the user's to provide. */
bool module_known_to(rf_server target, const char name[10])
{
    return strcmp(name, "vectorset") != 0 || (target.dialect == RF_REDIS && target.major >= 8);
}

rf_code module_skip_items(struct window *w)
{
    enum { END, SINT, UINT, FLOAT, DOUBLE, STRING };
    for (;;) {
        uint64_t opcode, n;
        window_release(w);
        TRY(rdb_length(w, &opcode));
        switch (opcode) {
        case END: return RF_OK;
        case SINT:
        case UINT: TRY(rdb_length(w, &n)); break;
        case FLOAT: TRY(window_skip(w, 4)); break;
        case DOUBLE: TRY(window_skip(w, 8)); break;
        case STRING: TRY(rdb_skip_string(w)); break;
        default:
            return window_fail(w, RF_E_CORRUPT, "module item of unknown kind %llu",
                               (unsigned long long)opcode);
        }
    }
}

rf_code walk_module(struct walk *k)
{
    uint64_t id;
    TRY(rdb_length(k->w, &id));
    if (k->visitor) {
        char name[10];
        module_name(id, name);
        TRY(VISIT(k, module, name, id & 1023));
    }
    return module_skip_items(k->w);
}
