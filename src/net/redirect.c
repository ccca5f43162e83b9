/* SPDX-License-Identifier: MIT */
/* The table of transient errors, and the address in redirections. */
#include "net/redirect.h"

#include "base/bytes.h"
#include "base/fail.h"
#include "base/list.h"
#include "base/number.h"
#include "net/info.h"

static const struct {
    const char *code;
    enum error_class error_class;
} errors[] = {
    {"MOVED", ERROR_MOVED},           {"ASK", ERROR_ASK},
    {"TRYAGAIN", ERROR_TRANSIENT},    {"LOADING", ERROR_TRANSIENT},
    {"CLUSTERDOWN", ERROR_TRANSIENT}, {"MASTERDOWN", ERROR_TRANSIENT},
    {"BUSY", ERROR_TRANSIENT},
};

enum error_class classify_error(struct reply reply)
{
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        if (reply_is_error(reply, errors[i].code))
            return errors[i].error_class;
    return ERROR_OTHER;
}

rf_code redirect_address(struct reply reply, const rf_address *asked, rf_address *out, rf_error *error)
{
    rf_slice text = reply.text;
    int64_t port = 0;
    char shown[128];
    const uint8_t *colon = memrchr(text.ptr, ':', text.len);
    const uint8_t *blank = memrchr(text.ptr, ' ', text.len);
    bool complete = colon && blank && colon > blank;
    rf_slice digits = complete ? slice_of(colon + 1, (size_t)(text.ptr + text.len - colon - 1)) : text;
    if (!complete || !number_parse_i64(digits, &port)) {
        reply_text(reply, shown, sizeof shown);
        return fail(error, RF_E_TARGET, "redirect without an address: %s", shown);
    }
    rf_slice host = slice_of(blank + 1, (size_t)(colon - blank - 1));
    if (host.len == 0 || slice_equal(host, SLICE("?")))
        host = address_host(asked);
    return address_from_server(host, port, out, error);
}

/* --- CLUSTER NODES ------------------------------------------------------------------------------------ */

/* Matches "ip:port@bus,hostname,name=value,...", of which only ip and port are always present. If there is no
 * IP, it is that of the node asked. */
static bool has_address(rf_slice text, const rf_address *asked, const rf_address *address)
{
    rf_slice first, host_name = {0};
    int64_t port;
    list_next(&text, ',', &first);
    list_next(&text, ',', &host_name);
    const uint8_t *at = memchr(first.ptr, '@', first.len);
    first.len = at ? (size_t)(at - first.ptr) : first.len;
    const uint8_t *colon = memrchr(first.ptr, ':', first.len);
    if (!colon)
        return false;
    rf_slice ip = slice_of(first.ptr, (size_t)(colon - first.ptr));
    rf_slice digits = slice_of(colon + 1, first.len - ip.len - 1);
    rf_slice wanted = slice_of(address->host, strlen(address->host));
    ip = ip.len > 0 ? ip : address_host(asked);
    return number_parse_i64(digits, &port) && port == address->port &&
           (slice_equal(ip, wanted) || (host_name.len > 0 && slice_equal(host_name, wanted)));
}

/* "id address flags ..." */
bool redirect_is_named(rf_slice nodes, const rf_address *asked, const rf_address *address)
{
    rf_slice line, id, endpoint, flags;
    while (info_line(&nodes, &line))
        if (list_next(&line, ' ', &id) && list_next(&line, ' ', &endpoint) && list_next(&line, ' ', &flags) &&
            !memmem(flags.ptr, flags.len, "handshake", 9) && !memmem(flags.ptr, flags.len, "noaddr", 6) &&
            has_address(endpoint, asked, address))
            return true;
    return false;
}
