# The libraries that trisock stands on, each as an interface target dep_<name>
# that brings its headers (as system headers) and what to link.

find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(LIBUV REQUIRED IMPORTED_TARGET libuv>=1.44)
pkg_check_modules(URING REQUIRED IMPORTED_TARGET liburing>=2.3)
pkg_check_modules(ZLIB REQUIRED IMPORTED_TARGET zlib>=1.2.11)
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson>=2.13) # of the program alone
if(TRISOCK_TESTS)
  pkg_check_modules(CMOCKA REQUIRED IMPORTED_TARGET cmocka>=1.1.5)
endif()

set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
  ${CMAKE_CURRENT_LIST_DIR}/deps.sh)
execute_process(COMMAND ${CMAKE_CURRENT_LIST_DIR}/deps.sh
  OUTPUT_VARIABLE deps OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE failed)
if(failed)
  message(FATAL_ERROR "src/build/deps.sh could not provide the libraries")
endif()
message(STATUS "Libraries from ${deps}")

function(trisock_dep name library pkg)
  add_library(dep_${name} INTERFACE)
  if(deps STREQUAL "system")
    pkg_check_modules(DEP_${name} REQUIRED IMPORTED_TARGET ${pkg})
    target_link_libraries(dep_${name} INTERFACE PkgConfig::DEP_${name})
  else()
    target_include_directories(dep_${name} SYSTEM INTERFACE ${deps}/include)
    target_link_libraries(dep_${name} INTERFACE ${deps}/lib/lib${library}.a)
  endif()
  target_link_libraries(dep_${name} INTERFACE ${ARGN})
endfunction()

trisock_dep(wolfssl wolfssl wolfssl m Threads::Threads)
trisock_dep(nghttp2 nghttp2 libnghttp2)
trisock_dep(nghttp3 nghttp3 libnghttp3)
trisock_dep(ngtcp2_core ngtcp2 libngtcp2)
trisock_dep(ngtcp2 ngtcp2_crypto_wolfssl libngtcp2_crypto_wolfssl dep_ngtcp2_core dep_wolfssl)

add_library(dep_uv INTERFACE)
target_link_libraries(dep_uv INTERFACE PkgConfig::LIBUV)
add_library(dep_uring INTERFACE)
target_link_libraries(dep_uring INTERFACE PkgConfig::URING)
add_library(dep_zlib INTERFACE)
target_link_libraries(dep_zlib INTERFACE PkgConfig::ZLIB)
add_library(dep_jansson INTERFACE)
target_link_libraries(dep_jansson INTERFACE PkgConfig::JANSSON)
add_library(dep_m INTERFACE)
target_link_libraries(dep_m INTERFACE m)
