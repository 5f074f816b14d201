# What is installed beside the binary, and the .deb (make deb).

# The unit names the binary where this installation puts it.
install(CODE "
    file(READ \"${CMAKE_SOURCE_DIR}/packaging/madang.service\" unit)
    string(REPLACE \"/usr/bin/\" \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}/\" unit \"\${unit}\")
    string(REPLACE \"/usr/share/\" \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_DATADIR}/\" unit \"\${unit}\")
    file(WRITE \"${CMAKE_BINARY_DIR}/madang.service\" \"\${unit}\")
")
install(FILES ${CMAKE_BINARY_DIR}/madang.service DESTINATION lib/systemd/system)
foreach(doc LICENSE THIRD-PARTY.md README.md CHANGELOG.md docs/madang.conf.sample docs/operating.md
        docs/turn.md)
    install(FILES ${doc} DESTINATION ${CMAKE_INSTALL_DOCDIR} OPTIONAL)
endforeach()

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_CONTACT "The madang authors <madang@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "Video chat that you run yourself")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION "One program that serves the page over HTTPS, does the signaling
over WebSocket or server-sent events, and answers STUN.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# What is loaded only when push is on (src/edge/push/push_http.c), and whom it trusts then.
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "libcurl4 | libcurl4t64, ca-certificates")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION comm)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${CMAKE_SOURCE_DIR}/packaging/postinst ${CMAKE_SOURCE_DIR}/packaging/prerm)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
include(CPack)
