# What measures, in tests/bench. Built only when asked for, in every preset, because only `release` gives
# figures of worth.

# The pieces: `./dev bench micro`.
add_executable(bench_micro EXCLUDE_FROM_ALL ${PROJECT_SOURCE_DIR}/tests/bench/micro.c)
foreach(module IN ITEMS base ws)
  get_property(folder GLOBAL PROPERTY TRI_FOLDER_${module})
  target_include_directories(bench_micro PRIVATE ${folder})
endforeach()
target_include_directories(bench_micro PRIVATE ${PROJECT_SOURCE_DIR}/src/include)
target_link_libraries(bench_micro PRIVATE tri_ws_archive)

# The floors: echo servers on the same libraries without ours, `./dev bench server`.
function(trisock_floor name)
  cmake_parse_arguments(floor "" "" "SHARED;LIBS" ${ARGN})
  list(TRANSFORM floor_SHARED PREPEND ${PROJECT_SOURCE_DIR}/tests/bench/)
  add_executable(${name} EXCLUDE_FROM_ALL
    ${PROJECT_SOURCE_DIR}/tests/bench/${name}.c ${floor_SHARED})
  # Callbacks have the signatures of the libraries that call them.
  target_compile_options(${name} PRIVATE -Wno-unused-parameter)
  target_link_libraries(${name} PRIVATE ${floor_LIBS})
endfunction()
trisock_floor(floor_h1 SHARED floor.c floor_tcp.c LIBS dep_wolfssl)
trisock_floor(floor_h2 SHARED floor.c floor_tcp.c LIBS dep_nghttp2 dep_wolfssl)
trisock_floor(floor_h3 SHARED floor.c floor_udp.c floor_quic.c floor_quic_tls.c LIBS dep_ngtcp2 dep_nghttp3 dep_wolfssl)

# A server of others, to know a machine by.
pkg_check_modules(LWS IMPORTED_TARGET libwebsockets>=4.0)
if(LWS_FOUND)
  add_executable(peer_lws EXCLUDE_FROM_ALL ${PROJECT_SOURCE_DIR}/tests/bench/peer_lws.c)
  target_link_libraries(peer_lws PRIVATE PkgConfig::LWS)
endif()
