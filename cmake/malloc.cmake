# SPDX-License-Identifier: MIT
#
# apps/malloc: libquire-malloc.so, with a core of its own: only the folders it needs, configured by
# apps/malloc/malloc_config.h, and all of it one unit to the optimiser.

file(GLOB malloc_sources CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/src/base/*.c" "${CMAKE_SOURCE_DIR}/src/boot/*.c"
	"${CMAKE_SOURCE_DIR}/src/frames/*.c" "${CMAKE_SOURCE_DIR}/src/heap/*.c" "${CMAKE_SOURCE_DIR}/ports/preload/*.c"
	"${CMAKE_SOURCE_DIR}/apps/malloc/*.c")
add_library(quire-malloc SHARED ${malloc_sources})
target_include_directories(quire-malloc PRIVATE "${CMAKE_SOURCE_DIR}/include" "${CMAKE_SOURCE_DIR}/src"
	"${CMAKE_SOURCE_DIR}/ports/preload/include" "${CMAKE_SOURCE_DIR}/apps/malloc")
target_compile_definitions(quire-malloc PRIVATE QUIRE_DEBUG=0 QUIRE_CONFIG_FILE="malloc_config.h")
# The compiler must not make a call of malloc() out of what malloc() does.
target_compile_options(quire-malloc PRIVATE -O3 -g -fvisibility=hidden -fPIC -ftls-model=initial-exec -ffunction-sections
	-fno-builtin-malloc -fno-builtin-calloc -fno-builtin-free -fno-builtin-realloc -flto=auto -fno-fat-lto-objects
	-fno-semantic-interposition)
target_link_options(quire-malloc PRIVATE -O3 -flto=auto -Wl,--gc-sections -Wl,-z,now -Wl,--no-undefined)
target_link_libraries(quire-malloc PRIVATE quire_warnings Threads::Threads)
install(TARGETS quire-malloc LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})

# tests/preload: ordinary programs, which know nothing of quire, and a library for dlopen().
if(QUIRE_TESTS AND BUILD_TESTING)
	set(preload_dir "${CMAKE_BINARY_DIR}/preload")
	foreach(name api threads bugs)
		add_executable(preload.${name} "${CMAKE_SOURCE_DIR}/tests/preload/${name}.c")
		target_compile_definitions(preload.${name} PRIVATE _GNU_SOURCE)
		# Bad sizes, bad pointers and deprecated calls are their trade.
		target_compile_options(preload.${name} PRIVATE -O1 -Wall -Wextra -Werror -fno-builtin -Wno-free-nonheap-object
			-Wno-use-after-free -Wno-deprecated-declarations -Wno-alloc-size-larger-than)
		target_link_libraries(preload.${name} PRIVATE Threads::Threads ${CMAKE_DL_LIBS})
		set_target_properties(preload.${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${preload_dir}" OUTPUT_NAME ${name})
	endforeach()
	add_library(preload.late SHARED "${CMAKE_SOURCE_DIR}/tests/preload/late.c")
	set_target_properties(preload.late PROPERTIES LIBRARY_OUTPUT_DIRECTORY "${preload_dir}" OUTPUT_NAME late)
endif()
