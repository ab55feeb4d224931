# skywarden_embed(NAME FOLDER [FILE...]): the library skywarden_NAME holds those files of FOLDER, or all of them,
# inside the program.
#
# The bytes enter through the assembler's .incbin, so half a megabyte costs nothing to compile. Users write
#   #include "NAME.h"        and get        std::span<const skywarden::shell::EmbeddedAsset> skywarden::NAME();
# An absent or empty FOLDER gives a library with one page that says so. Files that appear or vanish are noticed by
# the next build; paths are those below FOLDER, beginning with "/"; the ETag is the content's SHA-256.
function(skywarden_embed name folder)
  set(files ${ARGN})
  if(NOT files)
    file(GLOB_RECURSE files CONFIGURE_DEPENDS LIST_DIRECTORIES false RELATIVE ${folder} ${folder}/*)
    list(SORT files)
  endif()
  set(generated ${PROJECT_BINARY_DIR}/generated/${name})
  if(NOT files)
    message(STATUS "nothing to embed in ${folder}: the program will say so in the browser")
    set(folder ${generated}/placeholder)
    set(files index.html)
    file(WRITE ${folder}/index.html
      "<!doctype html><meta charset=utf-8><title>Skywarden</title><p>This build holds no console: console/dist was empty when it was configured.\n")
  endif()
  list(TRANSFORM files PREPEND ${folder}/ OUTPUT_VARIABLE paths)
  add_custom_command(
    OUTPUT ${generated}/${name}.cc
    COMMAND ${CMAKE_COMMAND} -D NAME=${name} -D "FOLDER=${folder}" -D "FILES=${files}" -D OUTPUT=${generated}/${name}.cc
            -P ${PROJECT_SOURCE_DIR}/cmake/embed_files.cmake
    DEPENDS ${paths} ${PROJECT_SOURCE_DIR}/cmake/embed_files.cmake
    COMMENT "embedding ${name}" VERBATIM)
  file(CONFIGURE OUTPUT ${generated}/${name}.h @ONLY CONTENT
"// Generated: the files compiled into the program from one folder.
#pragma once

#include <span>

#include \"shell/served_files.h\"

namespace skywarden {

[[nodiscard]] std::span<const shell::EmbeddedAsset> @name@();

}  // namespace skywarden
")
  add_library(skywarden_${name} STATIC ${generated}/${name}.cc)
  set_source_files_properties(${generated}/${name}.cc PROPERTIES OBJECT_DEPENDS "${paths}")
  target_include_directories(skywarden_${name} PUBLIC ${generated})
  target_link_libraries(skywarden_${name} PUBLIC skywarden_shell)
endfunction()
