# Installs the console's locked packages when console/node_modules does not hold them yet; run with -D CONSOLE=folder.
set(installed ${CONSOLE}/node_modules/.package-lock.json)
if(EXISTS ${installed} AND NOT ${CONSOLE}/package-lock.json IS_NEWER_THAN ${installed})
  message(STATUS "installed already")
  return()
endif()
execute_process(COMMAND npm ci --no-audit --no-fund WORKING_DIRECTORY ${CONSOLE} COMMAND_ERROR_IS_FATAL ANY)
file(TOUCH ${installed})
