/* SPDX-License-Identifier: MIT */
/* Criterion has libgit2 show how texts differ, and initializes it in the process of each test: that reads the
 * system's certificates, and takes longer than most tests. Here it waits until there are texts that differ.
 */
#include <dlfcn.h>
#include <git2.h>

#define OVERRIDE __attribute__((visibility("default")))

OVERRIDE int git_libgit2_init(void)
{
    return 1;
}

OVERRIDE int git_libgit2_shutdown(void)
{
    return 0;
}

OVERRIDE int git_diff_buffers(const void *old_bytes, size_t old_len, const char *old_path,
                              const void *new_bytes, size_t new_len, const char *new_path,
                              const git_diff_options *options, git_diff_file_cb on_file,
                              git_diff_binary_cb on_binary, git_diff_hunk_cb on_hunk,
                              git_diff_line_cb on_line, void *ctx)
{
    __typeof__(git_libgit2_init) *init;
    __typeof__(git_diff_buffers) *diff;
    *(void **)&init = dlsym(RTLD_NEXT, "git_libgit2_init");
    *(void **)&diff = dlsym(RTLD_NEXT, "git_diff_buffers");
    if (!init || !diff || init() < 0)
        return -1;
    return diff(old_bytes, old_len, old_path, new_bytes, new_len, new_path, options, on_file, on_binary,
                on_hunk, on_line, ctx);
}
