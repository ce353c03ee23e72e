# The emulated link of `./dev link` (tests/link), and the probe that measures it. Built only when
# asked for, in every preset.

file(GLOB link_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/link/link_*.c)
list(FILTER link_sources EXCLUDE REGEX "/link_(main|probe)\\.c$")
add_library(link_parts STATIC EXCLUDE_FROM_ALL ${link_sources})
target_include_directories(link_parts PUBLIC ${PROJECT_SOURCE_DIR}/tests/link)

foreach(name IN ITEMS main probe)
  string(REPLACE main run program ${name})
  add_executable(link_${program} EXCLUDE_FROM_ALL ${PROJECT_SOURCE_DIR}/tests/link/link_${name}.c)
  target_link_libraries(link_${program} PRIVATE link_parts)
endforeach()

# Its parts that touch nothing outside have tests of their own.
if(TRISOCK_TESTS)
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/unit/link/*_test.c)
  foreach(source IN LISTS sources)
    cmake_path(GET source STEM name)
    add_executable(unit_${name} ${source})
    target_link_libraries(unit_${name} PRIVATE link_parts PkgConfig::CMOCKA)
    trisock_add_test(unit/link/${name} unit_${name})
  endforeach()
endif()
