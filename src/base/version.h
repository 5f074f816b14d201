#ifndef MADANG_BASE_VERSION_H
#define MADANG_BASE_VERSION_H

/* The version of this program, e.g. "0.1.0", from project(VERSION) in CMakeLists.txt. Static. */
const char *madang_version(void);

/* The compiler that built it, e.g. "gcc 12.2.0". Static. */
const char *madang_compiler(void);

#endif
