# With SKYWARDEN_PRECOMPILED the standard headers that most files read are compiled once. Off by default: it hides
# missing includes and leaves compiler caches nothing to find; .ci/run, which builds from nothing, sets it.
option(SKYWARDEN_PRECOMPILED "precompile standard headers" "$ENV{SKYWARDEN_PRECOMPILED}")
if(SKYWARDEN_PRECOMPILED)
  file(WRITE ${PROJECT_BINARY_DIR}/precompiled.cc "")
  add_library(skywarden_precompiled OBJECT ${PROJECT_BINARY_DIR}/precompiled.cc)
  target_link_libraries(skywarden_precompiled PRIVATE skywarden_flags fmt::fmt)
  target_precompile_headers(skywarden_precompiled PRIVATE <algorithm> <array> <chrono> <cmath> <cstdint> <deque>
    <functional> <map> <memory> <optional> <set> <span> <string> <string_view> <utility> <variant> <vector>
    <fmt/format.h>)
endif()

# precompiled(TARGET USED...): it reads the precompiled headers, when there are any and it has their flags: those of base.
# Sources with flags of their own must set SKIP_PRECOMPILE_HEADERS.
function(precompiled target)
  if(SKYWARDEN_PRECOMPILED AND base IN_LIST ARGN)
    target_precompile_headers(${target} REUSE_FROM skywarden_precompiled)
    set_target_properties(${target} PROPERTIES PCH_WARN_INVALID OFF)
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
      # gcc 12 finds these inside std::string once its headers are precompiled; the release build looks for them.
      target_compile_options(${target} PRIVATE -Wno-array-bounds -Wno-stringop-overflow -Wno-stringop-overread)
    endif()
  endif()
endfunction()

# component(NAME HEADERS ... SOURCES ... USES ... LIBRARIES ... TESTS ...)
#
# The only way to declare a library. A component is a folder under src/; USES names components declared
# earlier, so the ordered list in src/CMakeLists.txt is acyclic by construction. LIBRARIES are outside
# libraries (CMake targets). TESTS are doctest files beside the code; they become one ctest executable.
# TEST_USES names components that only the tests need; it obeys the same order. A component includes the headers of
# those it names in USES and of no others, even where they would come along (tests/check_includes.py). That x.h
# compiles alone is shown by x.cc, which includes it first (the same test); headers without x.cc are compiled by
# all_verify_interface_header_sets.
function(component name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "HEADERS;SOURCES;USES;LIBRARIES;TESTS;TEST_USES")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "component(${name}): unknown arguments ${arg_UNPARSED_ARGUMENTS}")
  endif()
  foreach(used IN LISTS arg_USES arg_TEST_USES)
    if(NOT TARGET skywarden_${used})
      message(FATAL_ERROR "component(${name}) uses '${used}', which is not declared above it in src/CMakeLists.txt")
    endif()
  endforeach()
  if(arg_SOURCES)
    add_library(skywarden_${name} STATIC ${arg_SOURCES})
    precompiled(skywarden_${name} ${arg_USES})
    set(scope PUBLIC)
  else()
    add_library(skywarden_${name} INTERFACE)
    set(scope INTERFACE)
  endif()
  set(alone ${arg_HEADERS})
  foreach(source IN LISTS arg_SOURCES)
    string(REGEX REPLACE "\\.cc$" ".h" own_header ${source})
    list(REMOVE_ITEM alone ${own_header})
  endforeach()
  if(alone)
    target_sources(skywarden_${name} ${scope} FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR}/src FILES ${alone})
  endif()
  target_include_directories(skywarden_${name} ${scope} ${PROJECT_SOURCE_DIR}/src)
  list(TRANSFORM arg_USES PREPEND skywarden_ OUTPUT_VARIABLE uses)
  target_link_libraries(skywarden_${name} ${scope} skywarden_flags ${uses} ${arg_LIBRARIES})
  set_target_properties(skywarden_${name} PROPERTIES VERIFY_INTERFACE_HEADER_SETS ON)
  string(REPLACE ";" " " uses_line "${arg_USES}")
  string(REPLACE ";" " " test_uses_line "${arg_TEST_USES}")
  set_property(GLOBAL APPEND PROPERTY SKYWARDEN_COMPONENTS "${name}:${uses_line}:${test_uses_line}")
  if(SKYWARDEN_TESTS AND arg_TESTS)
    add_executable(test_${name} ${arg_TESTS})
    precompiled(test_${name} ${arg_USES})
    list(TRANSFORM arg_TEST_USES PREPEND skywarden_ OUTPUT_VARIABLE test_uses)
    target_link_libraries(test_${name} PRIVATE skywarden_${name} ${test_uses} skywarden_testing)
    add_test(NAME ${name} COMMAND test_${name} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
    set_tests_properties(${name} PROPERTIES SKIP_REGULAR_EXPRESSION "^SKIPPED WHOLE FILE")
  endif()
endfunction()
