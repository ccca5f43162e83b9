/* SPDX-License-Identifier: MIT */
/* Modules: a value has the name of its type, a server reports the names of its modules, and nothing relates
 * the two. This table covers the most widely used ones. */
#include <rdbferry/entry.h>
#include <rdbferry/live.h>
#include <string.h>

static const struct {
    const char *type, *module;
} owners[] = {
    {"ReJSON-RL", "ReJSON"},     {"ReJSON-RL", "json"},   {"MBbloom--", "bf"},    {"MBbloomCF", "bf"},
    {"CMSk-TYPE", "bf"},         {"TopK-TYPE", "bf"},     {"TDIS-TYPE", "bf"},    {"bloomfltr", "bf"},
    {"TSDB-TYPE", "timeseries"}, {"graphdata", "graph"},  {"graphmeta", "graph"}, {"ft_index0", "search"},
    {"ft_index0", "ft"},         {"ft_invidx", "search"}, {"ft_invidx", "ft"},    {"numericdx", "search"},
    {"numericdx", "ft"},         {"trietype0", "search"}, {"trietype0", "ft"},
};

static bool has_module(const char *modules, const char *name)
{
    for (; *modules; modules += strlen(modules) + 1)
        if (strcmp(modules, name) == 0)
            return true;
    return false;
}

rf_module_presence rf_module_presence_of(rf_server server, const char *type, const char *modules)
{
    rf_module_presence presence = RF_MODULE_UNSURE;
    if (rf_server_has_module(server, type))
        return RF_MODULE_THERE;
    if (!modules)
        return RF_MODULE_UNSURE;
    if (!*modules)
        return RF_MODULE_LACKING;
    for (size_t i = 0; i < sizeof owners / sizeof *owners; i++) {
        if (strcmp(owners[i].type, type) != 0)
            continue;
        if (has_module(modules, owners[i].module))
            return RF_MODULE_THERE;
        presence = RF_MODULE_LACKING;
    }
    return presence;
}
