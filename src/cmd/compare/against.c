/* SPDX-License-Identifier: MIT */
/* Prints the result of a comparison as text, and adds its target to a report. */
#include "cmd/compare/against.h"
#include "cmd/term/message.h"
#include "cmd/term/text.h"
#include <inttypes.h>

void against_detail(const rf_live *live)
{
    const rf_live_info *info = rf_live_info_get(live);
    char server[32];
    rf_server_format(info->server, server, sizeof server);
    message_detail("%s: %s, %s, %zu node%s", info->name, info->kind, server, info->nodes,
                   text_plural(info->nodes));
}

void against_print_prefix(FILE *out, const char *name)
{
    fputs("against ", out);
    text_put(out, name);
    fputs(": ", out);
}

void against_print(FILE *out, const char *name, const struct differences *differences,
                   const struct extra_keys *extra, const char *hint)
{
    char text[256];
    differences_format(differences, text, sizeof text);
    against_print_prefix(out, name);
    fputs(differences_total(differences) > 0 ? text : "matches", out);
    if (extra)
        extra_keys_print(out, extra, hint);
    putc('\n', out);
}

void against_print_expired(FILE *out, const char *name, uint64_t expired)
{
    if (expired == 0)
        return;
    against_print_prefix(out, name);
    fprintf(out, "%" PRIu64 " key%s expired meanwhile\n", expired, text_plural(expired));
}

void against_report(struct json *json, const rf_live *live, const rf_live_counts *counts,
                    const struct extra_keys *extra)
{
    const rf_live_info *info = rf_live_info_get(live);
    char server[32];
    rf_server_format(info->server, server, sizeof server);
    json_string(json, "name", info->name);
    json_string(json, "kind", info->kind);
    json_string(json, "server", server);
    json_number(json, "keys_checked", counts->checked);
    json_number(json, "keys_found", counts->found);
    json_number(json, "keys_equal", counts->equal);
    json_number(json, "keys_expired", counts->expired);
    json_number(json, "keys_live", counts->live);
    extra_keys_report(json, extra);
}
