#include "base/version.h"

const char *madang_version(void)
{
    return MADANG_VERSION;
}

const char *madang_compiler(void)
{
#ifdef __clang__
    return "clang " __clang_version__;
#else
    return "gcc " __VERSION__;
#endif
}
