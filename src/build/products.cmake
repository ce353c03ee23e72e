# What comes out: libtrisock (shared and static), the program, and their installation.

set(library_objects "")
foreach(module IN ITEMS base ws http tls net h1 h2 h3 socket server client)
  list(APPEND library_objects $<TARGET_OBJECTS:tri_${module}>)
endforeach()
set(library_deps dep_ngtcp2 dep_nghttp3 dep_nghttp2 dep_wolfssl dep_uv dep_uring dep_zlib Threads::Threads)

# Only what trisock.h marks TRI_API leaves the library: our other symbols are
# hidden, and so is everything that comes out of a static library.
add_library(trisock_shared SHARED ${library_objects})
set_target_properties(trisock_shared PROPERTIES
  OUTPUT_NAME trisock LINKER_LANGUAGE C
  VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR})
target_link_options(trisock_shared PRIVATE -Wl,--exclude-libs,ALL)
target_link_libraries(trisock_shared PRIVATE ${library_deps})

get_property(has_cli GLOBAL PROPERTY TRI_HAS_cli)
if(has_cli)
  add_executable(trisock $<TARGET_OBJECTS:tri_cli> $<TARGET_OBJECTS:tri_app>
    $<TARGET_OBJECTS:tri_bench> ${library_objects})
  set_target_properties(trisock PROPERTIES LINKER_LANGUAGE C)
  target_link_libraries(trisock PRIVATE ${library_deps} dep_jansson m)
  install(TARGETS trisock RUNTIME)
endif()

# The static library is one object that has our pinned libraries inside, with all
# but the tri_ symbols made local: a host that has its own wolfSSL or nghttp2 does
# not collide with ours.
if(NOT TRISOCK_SANITIZE AND NOT TRISOCK_COVERAGE)
  if(deps STREQUAL "system")
    set(inside "")
    set(pc_requires_private
      "libuv, liburing, zlib, wolfssl, libnghttp2, libnghttp3, libngtcp2, libngtcp2_crypto_wolfssl")
  else()
    set(inside ngtcp2_crypto_wolfssl ngtcp2 nghttp3 nghttp2 wolfssl)
    list(TRANSFORM inside PREPEND ${deps}/lib/lib)
    list(TRANSFORM inside APPEND .a)
    set(pc_requires_private "libuv, liburing, zlib")
  endif()
  set(static_library ${PROJECT_BINARY_DIR}/libtrisock.a)
  set(static_object ${PROJECT_BINARY_DIR}/libtrisock.o)
  add_custom_command(
    OUTPUT ${static_library}
    COMMAND ${CMAKE_LINKER} -r -o ${static_object} "${library_objects}"
            --start-group ${inside} --end-group
    COMMAND ${CMAKE_OBJCOPY} --wildcard --localize-hidden --keep-global-symbol=tri_*
            ${static_object}
    COMMAND ${CMAKE_COMMAND} -E rm -f ${static_library}
    COMMAND ${CMAKE_AR} rcs ${static_library} ${static_object}
    DEPENDS ${library_objects} ${inside}
    COMMENT "Linking libtrisock.a" COMMAND_EXPAND_LISTS VERBATIM)
  add_custom_target(trisock_static ALL DEPENDS ${static_library})
  install(FILES ${static_library} DESTINATION ${CMAKE_INSTALL_LIBDIR})
endif()

file(RELATIVE_PATH pc_to_prefix ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
configure_file(${CMAKE_CURRENT_LIST_DIR}/trisock.pc.in ${PROJECT_BINARY_DIR}/trisock.pc @ONLY)
install(TARGETS trisock_shared LIBRARY)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/src/include/trisock DESTINATION
  ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")
install(FILES ${PROJECT_BINARY_DIR}/trisock.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
