# SPDX-License-Identifier: MIT
#
# The library itself, the same for every port.

add_library(quire_warnings INTERFACE)
target_compile_options(quire_warnings INTERFACE -Wall -Wextra -Wundef -Wshadow $<$<BOOL:${QUIRE_WERROR}>:-Werror>
	# gcc guesses here, and differently at each level of optimisation: shown, but no reason to stop.
	$<$<C_COMPILER_ID:GNU>:-Wno-error=maybe-uninitialized>)

file(GLOB_RECURSE quire_sources CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/src/*.c")
if(NOT quire_sources)
	# An empty tree must still configure.
	file(WRITE "${CMAKE_BINARY_DIR}/empty.c" "extern int quire_empty;\n")
	set(quire_sources "${CMAKE_BINARY_DIR}/empty.c")
endif()

# A target compiled from the whole core, for the port whose quire_port.h is in `port_include`.
function(quire_core name kind port_include)
	add_library(${name} ${kind} ${quire_sources})
	target_compile_options(${name} PRIVATE -ffreestanding)
	target_link_libraries(${name} PRIVATE $<BUILD_INTERFACE:quire_warnings>)
	target_compile_definitions(${name} PUBLIC QUIRE_DEBUG=$<BOOL:${QUIRE_DEBUG}>)
	if(NOT QUIRE_HEAP STREQUAL "slub")
		string(TOUPPER "${QUIRE_HEAP}" heap)
		target_compile_definitions(${name} PUBLIC QUIRE_HEAP=QUIRE_HEAP_${heap})
	endif()
	if(QUIRE_FORMAT AND port_include MATCHES "ports/posix")
		target_compile_definitions(${name} PUBLIC PORT_PT_FORMAT=${QUIRE_FORMAT})
	endif()
	target_include_directories(${name}
		PRIVATE "${CMAKE_SOURCE_DIR}/src"
		PUBLIC $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/include> $<BUILD_INTERFACE:${port_include}>
		       $<INSTALL_INTERFACE:include> $<INSTALL_INTERFACE:include/quire-port>)
endfunction()
