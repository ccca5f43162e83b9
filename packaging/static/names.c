/* SPDX-License-Identifier: MIT */
/* Linked into the static program only. /etc/nsswitch.conf may name modules for host names that glibc loads at
 * run time, and those of another release do not fit. Files and DNS are built in. */
#include <nss.h>

static void __attribute__((constructor)) look_up_hosts_without_modules(void)
{
    __nss_configure_lookup("hosts", "files dns");
}
