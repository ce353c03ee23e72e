# Language, warnings, sanitizers, hardening. Asserts stay in every build type:
# NDEBUG is never defined.

set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_C_VISIBILITY_PRESET hidden)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo)
endif()
set(CMAKE_C_FLAGS_DEBUG "-Og -g")
set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O2 -g")
set(CMAKE_C_FLAGS_RELEASE "-O2")

add_compile_definitions(_GNU_SOURCE)
add_compile_options(
  -fno-omit-frame-pointer -fno-strict-aliasing
  -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wcast-qual -Wpointer-arith
  -Wwrite-strings -Wundef -Wunused-result -Wformat=2 -Wimplicit-fallthrough)
if(TRISOCK_WERROR)
  add_compile_options(-Werror)
endif()

if(TRISOCK_SANITIZE)
  add_compile_options(-fsanitize=${TRISOCK_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${TRISOCK_SANITIZE})
endif()
if(TRISOCK_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
if(TRISOCK_COVERAGE)
  add_compile_options(--coverage)
  add_link_options(--coverage)
endif()
if(TRISOCK_HARDEN)
  add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fstack-protector-strong)
  add_link_options(-Wl,-z,relro,-z,now)
endif()

include(CheckPIESupported)
check_pie_supported(LANGUAGES C)
