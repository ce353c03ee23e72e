# Writes files as C arrays, for a program that carries its web page with it.
#
#   cmake -DFOLDER=... -DOUT=... -P embed.cmake
#
# Every file below FOLDER becomes one row of tri_site_files[] in OUT, in order of
# path; a row of nulls ends the table.
cmake_minimum_required(VERSION 3.25)

# A semicolon would end a list's element: texts get their charset below.
set(types
  html text/html css text/css js text/javascript mjs text/javascript
  json application/json svg image/svg+xml png image/png ico image/x-icon
  txt text/plain webmanifest application/manifest+json woff2 font/woff2)

file(GLOB_RECURSE files RELATIVE ${FOLDER} ${FOLDER}/*)
list(SORT files)

set(arrays "")
set(rows "")
set(number 0)
foreach(file IN LISTS files)
  file(READ ${FOLDER}/${file} hex HEX)
  file(SIZE ${FOLDER}/${file} size)
  file(SHA256 ${FOLDER}/${file} hash)
  string(SUBSTRING ${hash} 0 16 hash)
  string(REGEX REPLACE "(................................)" "\\1\n    " hex "${hex}")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," hex "${hex}")

  cmake_path(GET file EXTENSION LAST_ONLY extension)
  string(REPLACE "." "" extension "${extension}")
  list(FIND types "${extension}" at)
  if(extension STREQUAL "" OR at EQUAL -1)
    set(type "application/octet-stream")
  else()
    math(EXPR at "${at} + 1")
    list(GET types ${at} type)
    if(type MATCHES "^text/")
      string(APPEND type "; charset=utf-8")
    endif()
  endif()

  # One byte more than the file, so that an empty file is still an array.
  string(APPEND arrays "static const unsigned char file_${number}[] = {\n    ${hex}0x00};\n\n")
  string(APPEND rows
    "    {\"/${file}\", \"${type}\", \"\\\"${hash}\\\"\", file_${number}, ${size}},\n")
  math(EXPR number "${number} + 1")
endforeach()

file(WRITE ${OUT} "/* Generated from src/app/site by src/build/embed.cmake. */
#include \"app_site_files.h\"

${arrays}const struct tri_site_file tri_site_files[] = {
${rows}    {0, 0, 0, 0, 0},
};

const size_t tri_site_files_len = ${number};
")
