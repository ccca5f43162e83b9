/* SPDX-License-Identifier: MIT */
/* Names of owners are looked up in /etc/passwd and /etc/group alone: network services may be slow or not
 * linked. */
#include "cmd/run/ownership.h"
#include "cmd/term/message.h"
#include <grp.h>
#include <pwd.h>
#include <rdbferry/sink.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { NAME_SIZE = 80 };

static void format_user(unsigned uid, char out[NAME_SIZE])
{
    FILE *file = fopen("/etc/passwd", "re");
    const struct passwd *user = NULL;
    while (file && (user = fgetpwent(file)) != NULL && user->pw_uid != uid)
        ;
    if (user)
        snprintf(out, NAME_SIZE, "%s", user->pw_name);
    else
        snprintf(out, NAME_SIZE, "%u", uid);
    if (file)
        fclose(file);
}

static void format_group(unsigned gid, char out[NAME_SIZE])
{
    FILE *file = fopen("/etc/group", "re");
    const struct group *group = NULL;
    while (file && (group = fgetgrent(file)) != NULL && group->gr_gid != gid)
        ;
    if (group)
        snprintf(out, NAME_SIZE, "%s", group->gr_name);
    else
        snprintf(out, NAME_SIZE, "%u", gid);
    if (file)
        fclose(file);
}

void ownership_summarize(void)
{
    static bool is_said;
    const rf_ownership ownership = rf_outputs_ownership();
    char user[NAME_SIZE], group[NAME_SIZE];
    if (is_said || ownership.given + ownership.failed == 0)
        return;
    is_said = true;
    format_user(ownership.uid, user);
    format_group(ownership.gid, group);
    if (ownership.failed > 0)
        message_warning("the outputs cannot be given to %s:%s, whose directory they are in: %s", user, group,
                        strerror(ownership.failure));
    else
        message_summary("the outputs belong to %s:%s, as their directory does", user, group);
}
