# SPDX-License-Identifier: MIT
#
# ports/posix: the library on this machine, the tests and the tools.

include(GNUInstallDirs)
include(CTest)

if(QUIRE_M32)
	add_compile_options(-m32)
	add_link_options(-m32)
endif()
if(QUIRE_SANITIZE)
	add_compile_options(-fsanitize=${QUIRE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
	add_link_options(-fsanitize=${QUIRE_SANITIZE})
endif()
if(QUIRE_FUZZ)
	add_compile_options(-fsanitize=fuzzer-no-link)
endif()

if(QUIRE_M32)
	set(formats x86_pae armv7)
else()
	set(formats x86_64 x86_64_5level aarch64 riscv_sv39 riscv_sv48 riscv_sv57)
endif()
if(QUIRE_FORMAT AND NOT QUIRE_FORMAT IN_LIST formats)
	message(FATAL_ERROR "QUIRE_FORMAT: no page tables called '${QUIRE_FORMAT}' for this width; there are: ${formats}")
endif()

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)

quire_core(quire STATIC "${CMAKE_SOURCE_DIR}/ports/posix/include")

file(GLOB posix_sources CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/ports/posix/*.c")
if(posix_sources)
	add_library(quire_posix STATIC ${posix_sources})
	target_include_directories(quire_posix PRIVATE "${CMAKE_SOURCE_DIR}/ports/posix")
	target_link_libraries(quire_posix PRIVATE $<BUILD_INTERFACE:quire_warnings> PUBLIC Threads::Threads)
	# The core calls the port and the port calls the core.
	target_link_libraries(quire_posix PUBLIC quire)
	target_link_libraries(quire PUBLIC $<BUILD_INTERFACE:quire_posix>)
endif()

# ports/none must always compile: it is what a new port starts from.
if(EXISTS "${CMAKE_SOURCE_DIR}/ports/none/include")
	quire_core(quire_none OBJECT "${CMAKE_SOURCE_DIR}/ports/none/include")
	file(GLOB none_sources CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/ports/none/*.c")
	if(none_sources)
		target_sources(quire_none PRIVATE ${none_sources})
	endif()
	if(QUIRE_SANITIZE OR QUIRE_FUZZ)
		set_target_properties(quire_none PROPERTIES EXCLUDE_FROM_ALL ON)
	endif()
endif()

if(QUIRE_TESTS AND BUILD_TESTING)
	include(tests)
endif()

if(NOT QUIRE_M32 AND NOT QUIRE_FUZZ AND NOT QUIRE_FORMATS)
	file(GLOB tool_sources CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/apps/quire/*.c")
	if(tool_sources)
		add_executable(quire-tool ${tool_sources})
		set_target_properties(quire-tool PROPERTIES OUTPUT_NAME quire)
		target_compile_definitions(quire-tool PRIVATE _GNU_SOURCE
			QUIRE_DEFAULT_KERNEL="${CMAKE_SOURCE_DIR}/build/bare-x86_64/quire-kernel"
			QUIRE_INSTALLED_KERNEL="${CMAKE_INSTALL_FULL_LIBDIR}/quire/quire-kernel"
			QUIRE_DEFAULT_MALLOC="${CMAKE_SOURCE_DIR}/build/release/libquire-malloc.so"
			QUIRE_INSTALLED_MALLOC="${CMAKE_INSTALL_FULL_LIBDIR}/libquire-malloc.so")
		target_link_libraries(quire-tool PRIVATE quire quire_warnings Threads::Threads)
		install(TARGETS quire-tool)
		if(QUIRE_TESTS AND BUILD_TESTING AND NOT QUIRE_SANITIZE MATCHES "thread")
			add_test(NAME tool/pte COMMAND "${CMAKE_SOURCE_DIR}/tests/tool/pte.sh" $<TARGET_FILE:quire-tool>)
			set_tests_properties(tool/pte PROPERTIES TIMEOUT 60)
		endif()
	endif()
endif()

# The allocator for ordinary programs: 64-bit, and never under a sanitizer, which brings its own.
if(NOT QUIRE_M32 AND NOT QUIRE_FUZZ AND NOT QUIRE_SANITIZE AND CMAKE_SYSTEM_PROCESSOR STREQUAL "x86_64")
	include(malloc)
endif()

# What is measured is what is shipped: the release preset only.
if(NOT QUIRE_M32 AND NOT QUIRE_FUZZ AND NOT QUIRE_SANITIZE AND NOT QUIRE_DEBUG AND TARGET quire_posix)
	foreach(name frames tlb)
		add_executable(bench-${name} "${CMAKE_SOURCE_DIR}/bench/${name}.c")
		target_compile_definitions(bench-${name} PRIVATE _GNU_SOURCE)
		target_link_libraries(bench-${name} PRIVATE quire quire_warnings)
	endforeach()
endif()

# What an embedder installs: the library, its headers, a CMake package and a pkg-config file.
install(TARGETS quire EXPORT quire-targets)
if(TARGET quire_posix)
	install(TARGETS quire_posix EXPORT quire-targets)
	install(DIRECTORY "${CMAKE_SOURCE_DIR}/ports/posix/include/" DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/quire-port)
endif()
install(EXPORT quire-targets NAMESPACE quire:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/quire)
install(FILES "${CMAKE_SOURCE_DIR}/cmake/quire-config.cmake" DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/quire)
install(DIRECTORY "${CMAKE_SOURCE_DIR}/include/" DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
file(RELATIVE_PATH pc_to_prefix "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
configure_file("${CMAKE_SOURCE_DIR}/cmake/quire.pc.in" "${CMAKE_BINARY_DIR}/quire.pc" @ONLY)
install(FILES "${CMAKE_BINARY_DIR}/quire.pc" DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
