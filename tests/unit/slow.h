/* Under the sanitizers everything takes several times as long, so what is repeated is repeated less. */
#ifndef MADANG_TESTS_SLOW_H
#define MADANG_TESTS_SLOW_H

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { SLOW = 6 };
#else
enum { SLOW = 1 };
#endif

#endif
