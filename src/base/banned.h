#ifndef MADANG_BASE_BANNED_H
#define MADANG_BASE_BANNED_H

/*
 * Functions that must not be called: calling one does not compile. The build includes this header
 * in front of every file of ours. The system headers that declare (or inline, with FORTIFY) these
 * functions come first, since a function-like macro of the same name would break a declaration
 * that is read later.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>
#include <alloca.h>

/* An identifier that nobody declares: the compiler's error shows the name and the reason. */
#define MADANG_BANNED(name) name##_is_banned_see_base_banned_h

/* No bound on what they write. */
#undef strcpy
#define strcpy(...) MADANG_BANNED(strcpy)
#undef strcat
#define strcat(...) MADANG_BANNED(strcat)
#undef stpcpy
#define stpcpy(...) MADANG_BANNED(stpcpy)
#undef sprintf
#define sprintf(...) MADANG_BANNED(sprintf)
#undef vsprintf
#define vsprintf(...) MADANG_BANNED(vsprintf)
#undef gets
#define gets(...) MADANG_BANNED(gets)

/* A bound, but no terminator, or a bound that everybody gets wrong. */
#undef strncpy
#define strncpy(...) MADANG_BANNED(strncpy)
#undef strncat
#define strncat(...) MADANG_BANNED(strncat)

/* No way to see an error or an overflow. */
#undef atoi
#define atoi(...) MADANG_BANNED(atoi)
#undef atol
#define atol(...) MADANG_BANNED(atol)
#undef atoll
#define atoll(...) MADANG_BANNED(atoll)
#undef atof
#define atof(...) MADANG_BANNED(atof)
#undef sscanf
#define sscanf(...) MADANG_BANNED(sscanf)

/* Hidden static state: not for threads. */
#undef strtok
#define strtok(...) MADANG_BANNED(strtok)
#undef gmtime
#define gmtime(...) MADANG_BANNED(gmtime)
#undef localtime
#define localtime(...) MADANG_BANNED(localtime)
#undef ctime
#define ctime(...) MADANG_BANNED(ctime)
#undef asctime
#define asctime(...) MADANG_BANNED(asctime)

/* Predictable: ids and tokens come from the kernel. */
#undef rand
#define rand(...) MADANG_BANNED(rand)
#undef srand
#define srand(...) MADANG_BANNED(srand)

/* The stack has no cap that we could answer for. */
#undef alloca
#define alloca(...) MADANG_BANNED(alloca)

/* A shell, or a file name that somebody else can win. */
#undef system
#define system(...) MADANG_BANNED(system)
#undef popen
#define popen(...) MADANG_BANNED(popen)
#undef mktemp
#define mktemp(...) MADANG_BANNED(mktemp)
#undef tmpnam
#define tmpnam(...) MADANG_BANNED(tmpnam)
#undef tempnam
#define tempnam(...) MADANG_BANNED(tempnam)

#endif
