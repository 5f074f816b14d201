# Debian's libraries, as the interface target madang_libs.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
pkg_check_modules(MADANG_PC REQUIRED IMPORTED_TARGET
    openssl>=3.0 jansson>=2.13 inih libargon2 libutf8proc libcbor libcurl
    sqlite3>=3.38)
# Not every distribution ships a .pc file for these.
find_library(ZXCVBN_LIBRARY zxcvbn REQUIRED)
find_path(ZXCVBN_INCLUDE_DIR zxcvbn.h REQUIRED)
find_library(QRCODEGEN_LIBRARY qrcodegen REQUIRED)
find_path(QRCODEGEN_INCLUDE_DIR qrcodegen/qrcodegen.h REQUIRED)

add_library(madang_libs INTERFACE)
target_include_directories(madang_libs SYSTEM INTERFACE ${QRCODEGEN_INCLUDE_DIR} ${ZXCVBN_INCLUDE_DIR})
target_link_libraries(madang_libs INTERFACE PkgConfig::MADANG_PC ${QRCODEGEN_LIBRARY}
    ${ZXCVBN_LIBRARY} Threads::Threads m)
