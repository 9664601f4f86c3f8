# SPDX-License-Identifier: MIT
#
# apps/malloc: libquire-malloc.so, with a core of its own: only the folders it needs, configured by
# apps/malloc/malloc_config.h, and all of it one unit to the optimiser.

file(GLOB malloc_core CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/src/base/*.c" "${CMAKE_SOURCE_DIR}/src/boot/*.c"
	"${CMAKE_SOURCE_DIR}/src/frames/*.c" "${CMAKE_SOURCE_DIR}/src/heap/*.c")
file(GLOB malloc_sources CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/ports/preload/*.c" "${CMAKE_SOURCE_DIR}/apps/malloc/*.c")
add_library(quire-malloc-core OBJECT ${malloc_core})
add_library(quire-malloc SHARED ${malloc_sources})
target_include_directories(quire-malloc-core PRIVATE "${CMAKE_SOURCE_DIR}/src")
# clang-tidy looks at the core as everybody has it.
set_target_properties(quire-malloc-core PROPERTIES EXPORT_COMPILE_COMMANDS OFF)
set(malloc_flags -O3 -g -fvisibility=hidden -fPIC -ftls-model=initial-exec -ffunction-sections
	# The compiler must not make a call of malloc() out of what malloc() does.
	-fno-builtin-malloc -fno-builtin-calloc -fno-builtin-free -fno-builtin-realloc)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
	list(APPEND malloc_flags -flto=auto -fno-fat-lto-objects -fno-semantic-interposition)
endif()
foreach(target quire-malloc-core quire-malloc)
	target_include_directories(${target} PRIVATE "${CMAKE_SOURCE_DIR}/include" "${CMAKE_SOURCE_DIR}/apps/malloc"
		"${CMAKE_SOURCE_DIR}/ports/preload/include")
	target_compile_definitions(${target} PRIVATE QUIRE_DEBUG=0 QUIRE_CONFIG_FILE="malloc_config.h")
	target_compile_options(${target} PRIVATE ${malloc_flags})
	target_link_libraries(${target} PRIVATE quire_warnings Threads::Threads)
endforeach()
target_link_options(quire-malloc PRIVATE ${malloc_flags} -Wl,--gc-sections -Wl,-z,now -Wl,--no-undefined)
target_sources(quire-malloc PRIVATE $<TARGET_OBJECTS:quire-malloc-core>)
install(TARGETS quire-malloc LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})

# tests/preload: ordinary programs, which know nothing of quire, and a library for dlopen().
if(QUIRE_TESTS AND BUILD_TESTING)
	set(preload_dir "${CMAKE_BINARY_DIR}/preload")
	foreach(name api threads bugs)
		add_executable(preload.${name} "${CMAKE_SOURCE_DIR}/tests/preload/${name}.c")
		target_compile_definitions(preload.${name} PRIVATE _GNU_SOURCE)
		# Bad sizes, bad pointers and deprecated calls are their trade.
		target_compile_options(preload.${name} PRIVATE -O1 -Wall -Wextra -Werror -fno-builtin -Wno-free-nonheap-object
			-Wno-deprecated-declarations $<$<C_COMPILER_ID:GNU>:-Wno-use-after-free;-Wno-alloc-size-larger-than>)
		target_link_libraries(preload.${name} PRIVATE Threads::Threads ${CMAKE_DL_LIBS})
		set_target_properties(preload.${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${preload_dir}" OUTPUT_NAME ${name})
	endforeach()
	add_library(preload.late SHARED "${CMAKE_SOURCE_DIR}/tests/preload/late.c")
	set_target_properties(preload.late PROPERTIES LIBRARY_OUTPUT_DIRECTORY "${preload_dir}" OUTPUT_NAME late)
endif()
