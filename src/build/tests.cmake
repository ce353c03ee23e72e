# The C tests. Each *_test.c is one program, and one test of ctest:
#
#   tests/unit/<module>/x_test.c   unit/<module>/x_test      target unit_x_test
#   tests/contract/x_test.c        contract/x_test           target contract_x_test
#   tests/issues/x_test.c          issues/x_test             target issues_x_test
#   tests/fuzz/x_fuzz.c            fuzz-replay/x             target fuzz_x
#
# A test sees every module's folder. What it links follows from what it names: its
# module, the modules whose headers it includes, and the files of tests/support that
# it mentions. So a file that does not compile holds up only the tests that need it.

set(tests_folder ${PROJECT_SOURCE_DIR}/tests)
get_property(modules GLOBAL PROPERTY TRI_MODULES)
string(REPLACE ";" "|" modules_regex "${modules}")

add_library(tri_test_includes INTERFACE)
target_include_directories(tri_test_includes INTERFACE
  ${PROJECT_SOURCE_DIR}/src/include ${tests_folder}/support ${site_generated})
foreach(module IN LISTS modules)
  get_property(folder GLOBAL PROPERTY TRI_FOLDER_${module})
  target_include_directories(tri_test_includes INTERFACE ${folder})
endforeach()
target_link_libraries(tri_test_includes INTERFACE PkgConfig::CMOCKA)

file(GLOB support_sources CONFIGURE_DEPENDS ${tests_folder}/support/*.c)
file(GLOB support_headers CONFIGURE_DEPENDS ${tests_folder}/support/*.h) # a new one may be needed

# Which modules and which support files do |ARGN| need? A support file is needed by
# whoever names it: #include "tenant.h", or fixture_h2 for fixture_h2.c. A module is
# needed by whoever includes one of its headers, also through a header of support.
function(trisock_read_includes out_modules out_supports)
  set(found_modules "")
  set(found_supports "")
  set(todo ${ARGN})
  set(seen "")
  while(todo)
    list(POP_FRONT todo file)
    if(file IN_LIST seen)
      continue()
    endif()
    list(APPEND seen ${file})
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
    file(STRINGS ${file} lines REGEX "^#include +[\"<]")
    foreach(line IN LISTS lines)
      if(line MATCHES "\"(${modules_regex})_[a-z0-9_]+\\.h\"")
        list(APPEND found_modules ${CMAKE_MATCH_1})
      elseif(line MATCHES "trisock/trisock\\.h")
        list(APPEND found_modules server client)
      elseif(line MATCHES "\"([a-z0-9_]+\\.h)\"")
        if(EXISTS ${tests_folder}/support/${CMAKE_MATCH_1})
          list(APPEND todo ${tests_folder}/support/${CMAKE_MATCH_1})
        endif()
      endif()
    endforeach()
    if(file IN_LIST ARGN)
      file(READ ${file} text)
      foreach(source IN LISTS support_sources)
        cmake_path(GET source STEM name)
        if(text MATCHES "[^a-z0-9_]${name}[^a-z0-9]")
          list(APPEND found_supports support_${name})
        endif()
      endforeach()
    endif()
  endwhile()
  list(REMOVE_DUPLICATES found_modules)
  list(REMOVE_DUPLICATES found_supports)
  set(${out_modules} ${found_modules} PARENT_SCOPE)
  set(${out_supports} ${found_supports} PARENT_SCOPE)
endfunction()

# Links |target| with what |ARGN| include; |module| (may be empty) comes in any case.
function(trisock_link_by_includes target module)
  trisock_read_includes(modules supports ${ARGN})
  set(archives ${module} ${modules})
  list(REMOVE_DUPLICATES archives)
  list(REMOVE_ITEM supports ${target})
  list(TRANSFORM archives PREPEND tri_)
  list(TRANSFORM archives APPEND _archive)
  target_link_libraries(${target} PUBLIC tri_test_includes ${supports} ${archives} Threads::Threads)
endfunction()

# Two rounds, because support files may name each other in any order.
foreach(source IN LISTS support_sources)
  cmake_path(GET source STEM name)
  add_library(support_${name} STATIC EXCLUDE_FROM_ALL ${source})
endforeach()
foreach(source IN LISTS support_sources)
  cmake_path(GET source STEM name)
  cmake_path(REPLACE_EXTENSION source LAST_ONLY .h OUTPUT_VARIABLE header)
  if(NOT EXISTS ${header})
    set(header "")
  endif()
  trisock_link_by_includes(support_${name} "" ${source} ${header})
endforeach()

set(sanitizer_environment
  "ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1:check_initialization_order=1"
  "UBSAN_OPTIONS=print_stacktrace=1" "TSAN_OPTIONS=halt_on_error=1")

function(trisock_add_test name target)
  add_test(NAME ${name} COMMAND ${target} ${ARGN} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES TIMEOUT 120 ENVIRONMENT "${sanitizer_environment}")
endfunction()

# trisock_cmocka_test(kind source module)
function(trisock_cmocka_test kind source module)
  cmake_path(GET source STEM name)
  set(target ${kind}_${name})
  add_executable(${target} ${source})
  trisock_link_by_includes(${target} "${module}" ${source})
  if(kind STREQUAL "unit")
    trisock_add_test(unit/${module}/${name} ${target})
  else()
    trisock_add_test(${kind}/${name} ${target})
  endif()
endfunction()

foreach(module IN LISTS modules)
  file(GLOB sources CONFIGURE_DEPENDS ${tests_folder}/unit/${module}/*_test.c)
  foreach(source IN LISTS sources)
    trisock_cmocka_test(unit ${source} ${module})
  endforeach()
endforeach()
foreach(kind IN ITEMS contract issues)
  file(GLOB sources CONFIGURE_DEPENDS ${tests_folder}/${kind}/*_test.c)
  foreach(source IN LISTS sources)
    trisock_cmocka_test(${kind} ${source} "")
  endforeach()
endforeach()
# Tens of thousands of sockets, byte by byte too: three minutes, and several times that on a busy machine.
set_tests_properties(contract/conformance_test PROPERTIES TIMEOUT 1800)

file(GLOB sources CONFIGURE_DEPENDS ${tests_folder}/fuzz/*_fuzz.c)
foreach(source IN LISTS sources)
  cmake_path(GET source STEM name)
  string(REGEX REPLACE "_fuzz$" "" name ${name})
  add_executable(fuzz_${name} ${source})
  trisock_link_by_includes(fuzz_${name} "" ${source})
  if(TRISOCK_FUZZ)
    target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
  else()
    target_sources(fuzz_${name} PRIVATE ${tests_folder}/fuzz/replay_main.c)
    trisock_add_test(fuzz-replay/${name} fuzz_${name} ${tests_folder}/fuzz/corpus/${name})
  endif()
endforeach()

# The clients of HTTP/3 of `./dev soak` and of its test; built when asked for.
file(GLOB sources CONFIGURE_DEPENDS ${tests_folder}/soak/*.c)
add_executable(soak_h3 EXCLUDE_FROM_ALL ${sources})
target_include_directories(soak_h3 PRIVATE ${tests_folder}/soak)
trisock_link_by_includes(soak_h3 "" ${sources})
