/* SPDX-License-Identifier: MIT */
/* What verify tells machines: its part of the JSON report. */
#include "verify.h"

bool verify_is_sound(const struct verification *v)
{
    return v->faults.count == 0 && v->warnings == 0 && v->unmet == 0 &&
           differences_total(&v->differences) == 0;
}

static void put_against(struct json *json, const struct verification *v)
{
    const rf_live_info *info = v->live ? rf_live_info_get(v->live) : NULL;
    char server[32];

    json_object(json, "against");
    json_string(json, "name", info ? info->name : v->options->against);
    if (info) {
        rf_server_format(info->server, server, sizeof server);
        json_string(json, "kind", info->kind);
        json_string(json, "server", server);
        json_number(json, "keys_checked", v->live_counts.checked);
        json_number(json, "keys_found", v->live_counts.found);
        json_number(json, "keys_equal", v->live_counts.equal);
        json_number(json, "keys_expired", v->live_counts.expired);
        json_number(json, "keys_live", v->live_counts.live);
    }
    differences_report(json, &v->differences);
    json_end_object(json);
}

void verify_report(struct json *json, const void *ctx)
{
    const struct verification *v = ctx;
    bool complete = !v->error && v->faults.count == 0 && v->session.stats.commands == 0;
    char digest[RF_DIGEST_TEXT];

    rf_digest_format(v->digest, digest);
    json_string(json, "digest", complete ? digest : NULL);
    faults_report(json, &v->faults);
    expectations_report(json, &v->options->expectations);
    if (v->options->against)
        put_against(json, v);
}
