/* Under the sanitizers everything takes several times as long, so what is repeated is repeated less. SLOW_ALONE is for
 * tests of a single thread, in which TSan has nothing to find. */
#ifndef MADANG_TESTS_SLOW_H
#define MADANG_TESTS_SLOW_H

#if defined(__SANITIZE_THREAD__)
enum { SLOW = 6, SLOW_ALONE = 12 };
#elif defined(__SANITIZE_ADDRESS__)
enum { SLOW = 6, SLOW_ALONE = 2 };
#else
enum { SLOW = 1, SLOW_ALONE = 1 };
#endif

#endif
