# The web page inside the binary: scripts/embed.mjs turns web/ into assets.S (.incbin of each file
# raw and gzipped) and assets_table.c (the table that src/edge/web/assets.h declares).
find_program(NODE NAMES node nodejs REQUIRED)

# The vendored modules are copied out of node_modules by npm-ci.sh (make does this first).
if(NOT EXISTS ${CMAKE_SOURCE_DIR}/web/vendor/htm-preact.js)
    execute_process(COMMAND ${CMAKE_SOURCE_DIR}/scripts/npm-ci.sh prod
        WORKING_DIRECTORY ${CMAKE_SOURCE_DIR} COMMAND_ERROR_IS_FATAL ANY)
endif()

file(GLOB_RECURSE web_files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/web/*)
set(MADANG_ASSET_SOURCES ${CMAKE_BINARY_DIR}/assets.S ${CMAKE_BINARY_DIR}/assets_table.c)
add_custom_command(
    OUTPUT ${MADANG_ASSET_SOURCES}
    COMMAND ${NODE} ${CMAKE_SOURCE_DIR}/scripts/embed.mjs ${CMAKE_SOURCE_DIR}/web ${CMAKE_BINARY_DIR}
    DEPENDS ${web_files} ${CMAKE_SOURCE_DIR}/scripts/embed.mjs
    COMMENT "Embedding the web page"
    VERBATIM)
