/* SPDX-License-Identifier: MIT */
/* Criterion shares memory with the processes of the tests, at 2^45 + (rand_r() mod 2^22) * 2^24, most of
 * which ThreadSanitizer needs. It leaves 0x550000000000 to 0x560000000000 to position-independent programs,
 * and the unit tests are not one. */
#ifdef __SANITIZE_THREAD__
__attribute__((visibility("default"))) int rand_r(unsigned *seed);

int rand_r(unsigned *seed)
{
    *seed = *seed * 1103515245 + 12345;
    return (int)(0x350000 | *seed >> 16);
}
#endif
