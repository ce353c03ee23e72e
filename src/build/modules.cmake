# The modules, and who may include whom.
#
# A module sees its own folder, the public header, the folders of the modules
# named under DEPS and the headers of the libraries named under LIBS, and nothing
# else: any other include does not compile. `dev lint` reads this table too.

# trisock_module(name folder [DEPS module...] [LIBS library...])
#
# makes tri_<name> (objects), and tri_<name>_archive (the same objects, from which
# a test takes only those that it needs).
function(trisock_module name folder)
  cmake_parse_arguments(ARG "" "" "DEPS;LIBS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${folder}/*.c)
  if(name STREQUAL "app" AND sources)
    list(APPEND sources ${site_generated}/app_site_files.c)
  endif()
  set_property(GLOBAL PROPERTY TRI_HAS_${name} "${sources}")
  if(NOT sources)
    set(sources ${PROJECT_BINARY_DIR}/generated/empty_${name}.c)
    file(CONFIGURE OUTPUT ${sources} CONTENT "typedef int tri_empty_${name};\n")
  endif()

  add_library(tri_${name} OBJECT ${sources})
  target_include_directories(tri_${name} PRIVATE
    ${PROJECT_SOURCE_DIR}/${folder} ${PROJECT_SOURCE_DIR}/src/include)
  foreach(dep IN LISTS ARG_DEPS)
    get_property(dep_folder GLOBAL PROPERTY TRI_FOLDER_${dep})
    target_include_directories(tri_${name} PRIVATE ${dep_folder})
  endforeach()
  if(name STREQUAL "app")
    target_include_directories(tri_${name} PRIVATE ${site_generated})
  endif()
  list(TRANSFORM ARG_LIBS PREPEND dep_)
  target_link_libraries(tri_${name} PRIVATE ${ARG_LIBS} Threads::Threads)

  add_library(tri_${name}_archive STATIC EXCLUDE_FROM_ALL $<TARGET_OBJECTS:tri_${name}>)
  set_target_properties(tri_${name}_archive PROPERTIES LINKER_LANGUAGE C)
  list(TRANSFORM ARG_DEPS PREPEND tri_ OUTPUT_VARIABLE archives)
  list(TRANSFORM archives APPEND _archive)
  target_link_libraries(tri_${name}_archive PUBLIC ${archives} ${ARG_LIBS} Threads::Threads)

  set_property(GLOBAL PROPERTY TRI_FOLDER_${name} ${PROJECT_SOURCE_DIR}/${folder})
  set_property(GLOBAL APPEND PROPERTY TRI_MODULES ${name})
endfunction()

set(all_below base ws http tls net h1 h2 h3)
set(all_libs uv wolfssl nghttp2 nghttp3 ngtcp2)

trisock_module(base   src/base)
trisock_module(ws     src/ws     DEPS base               LIBS zlib)
trisock_module(http   src/http   DEPS base ws            LIBS wolfssl) # SHA-1, Base64
trisock_module(tls    src/tls    DEPS base               LIBS wolfssl)
trisock_module(net    src/net    DEPS base tls           LIBS uv uring wolfssl)
trisock_module(h1     h1         DEPS base ws http)
trisock_module(h2     h2         DEPS base ws http       LIBS nghttp2)
trisock_module(h3     h3         DEPS base ws http tls   LIBS ngtcp2 nghttp3 wolfssl)
trisock_module(socket src/socket DEPS base ws http tls net LIBS uv wolfssl)
trisock_module(server src/server DEPS ${all_below} socket LIBS ${all_libs})
trisock_module(client src/client DEPS ${all_below} socket LIBS ${all_libs})
trisock_module(app    src/app)
trisock_module(bench  src/bench  DEPS base               LIBS jansson m)
trisock_module(cli    src/cli    DEPS server client app bench base LIBS jansson)
