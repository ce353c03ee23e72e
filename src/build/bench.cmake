# The measuring of the pieces, tests/bench/micro.c: `./dev bench micro`. Built only
# when asked for, in every preset, because only `release` gives figures of worth.

add_executable(bench_micro EXCLUDE_FROM_ALL ${PROJECT_SOURCE_DIR}/tests/bench/micro.c)
foreach(module IN ITEMS base ws)
  get_property(folder GLOBAL PROPERTY TRI_FOLDER_${module})
  target_include_directories(bench_micro PRIVATE ${folder})
endforeach()
target_include_directories(bench_micro PRIVATE ${PROJECT_SOURCE_DIR}/src/include)
target_link_libraries(bench_micro PRIVATE tri_ws_archive)
