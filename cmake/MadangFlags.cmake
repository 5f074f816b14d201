# Compiler and linker flags of our own code, as the interface target madang_flags.
include(CheckCCompilerFlag)
include(CheckCSourceCompiles)
include(CheckLinkerFlag)

add_library(madang_flags INTERFACE)
target_compile_definitions(madang_flags INTERFACE _GNU_SOURCE)
target_compile_options(madang_flags INTERFACE $<$<COMPILE_LANGUAGE:C>:-Wall;-Wextra;-Wshadow;-Wstrict-prototypes;-Wmissing-prototypes;-Wvla>)
if(WERROR)
    target_compile_options(madang_flags INTERFACE $<$<COMPILE_LANGUAGE:C>:-Werror>)
endif()
# Calls that our code must not make do not compile. The header includes the system headers that
# declare those functions first, because its macros would break their declarations.
target_compile_options(madang_flags INTERFACE
    "$<$<COMPILE_LANGUAGE:C>:SHELL:-include ${CMAKE_SOURCE_DIR}/src/base/banned.h>")
# Records, logs and __FILE__ do not depend on where the tree lies.
target_compile_options(madang_flags INTERFACE -ffile-prefix-map=${CMAKE_SOURCE_DIR}/=)

set(CMAKE_POSITION_INDEPENDENT_CODE ON)
include(CheckPIESupported)
check_pie_supported(LANGUAGES C)
target_link_options(madang_flags INTERFACE -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack -Wl,--as-needed)

function(madang_flag_if_known flag)
    string(MAKE_C_IDENTIFIER "HAVE${flag}" var)
    set(CMAKE_REQUIRED_FLAGS -Werror)
    check_c_compiler_flag(${flag} ${var})
    if(${var})
        target_compile_options(madang_flags INTERFACE ${flag})
    endif()
endfunction()

if(SANITIZE)
    target_compile_options(madang_flags INTERFACE -fsanitize=${SANITIZE} -fno-omit-frame-pointer
        -fno-sanitize-recover=all)
    target_link_options(madang_flags INTERFACE -fsanitize=${SANITIZE})
    # Half the time to build, and reports still name lines. Fuzzing pays -O2 back in tries.
    if(CMAKE_BUILD_TYPE STREQUAL RelWithDebInfo)
        target_compile_options(madang_flags INTERFACE $<$<COMPILE_LANGUAGE:C>:-g1>)
        if(NOT FUZZ)
            target_compile_options(madang_flags INTERFACE $<$<COMPILE_LANGUAGE:C>:-O1>)
        endif()
    endif()
else()
    madang_flag_if_known(-fstack-protector-strong)
    # clang 14's probe of the stack in a shrink-wrapped prologue destroys the flags that a comparison
    # before it has set: wrong code (a unit test found it).
    if(NOT CMAKE_C_COMPILER_ID MATCHES Clang OR CMAKE_C_COMPILER_VERSION VERSION_GREATER_EQUAL 18)
        madang_flag_if_known(-fstack-clash-protection)
    endif()
    if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|i.86")
        madang_flag_if_known(-fcf-protection=full)
    elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64")
        madang_flag_if_known(-mbranch-protection=standard)
    endif()
    # FORTIFY needs the optimiser; level 3 needs a libc and a compiler that know it.
    if(NOT CMAKE_BUILD_TYPE STREQUAL Debug)
        set(CMAKE_REQUIRED_FLAGS "-O2 -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3")
        check_c_source_compiles("#include <string.h>
            #if !defined __USE_FORTIFY_LEVEL || __USE_FORTIFY_LEVEL != 3
            #error no
            #endif
            int main(void) { return 0; }" HAVE_FORTIFY_3)
        unset(CMAKE_REQUIRED_FLAGS)
        if(HAVE_FORTIFY_3)
            set(fortify 3)
        else()
            set(fortify 2)
        endif()
        target_compile_options(madang_flags INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=${fortify})
    endif()
endif()

if(FUZZ)
    if(NOT CMAKE_C_COMPILER_ID MATCHES Clang)
        message(FATAL_ERROR "FUZZ=ON needs clang: cmake -B build-fuzz -DCMAKE_C_COMPILER=clang -DFUZZ=ON")
    endif()
    target_compile_options(madang_flags INTERFACE -fsanitize=fuzzer-no-link)
    target_compile_definitions(madang_flags INTERFACE FUZZING)
endif()
