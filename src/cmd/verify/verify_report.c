/* SPDX-License-Identifier: MIT */
/* The part of the JSON report that describes a verification. */
#include "cmd/compare/against.h"
#include "cmd/verify/verify.h"

bool verify_is_sound(const struct verification *v)
{
    return v->faults.count == 0 && v->warnings == 0 && v->unmet == 0 &&
           differences_total(&v->against.differences) == 0;
}

static void put_against(struct json *json, const struct verification *v)
{
    json_object(json, "against");
    if (v->against.live)
        against_report(json, v->against.live, &v->against.live_counts, &v->against.extra);
    else
        json_string(json, "name", v->options->against);
    differences_report(json, &v->against.differences);
    json_end_object(json);
}

void verify_report(struct json *json, const void *ctx)
{
    const struct verification *v = ctx;
    bool complete = !v->error && v->faults.count == 0 && v->session.stats.commands == 0;
    char digest[RF_DIGEST_TEXT];
    rf_digest_format(v->digests.published, digest);
    json_string(json, "digest", complete ? digest : NULL);
    if (v->options->digest == DIGEST_SHA256)
        json_string(json, "digest_sha256", complete ? v->digests.sha256_text : NULL);
    faults_report(json, &v->faults);
    verify_report_logs(json, v);
    verify_report_gaps(json, v);
    expectations_report(json, &v->options->expectations);
    if (v->options->against)
        put_against(json, v);
}
