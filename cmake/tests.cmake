# SPDX-License-Identifier: MIT
#
# One executable per test file.  Every program prints TAP, so that scripts/count-tests.awk can count cases:
#
#   tests/unit/F/x_test.c   the insides of src/F          tests/inject/x_test.c   every step fails once
#   tests/model/x_test.c    against slow, obvious models  tests/race/x_test.c     under ThreadSanitizer
#   tests/fuzz/x_fuzz.c     libFuzzer, with a fixed seed and number of runs

set(QUIRE_FUZZ_RUNS 20000 CACHE STRING "runs of each fuzz target in the smoke test")
set(QUIRE_CMOCKA_ROOT "${CMAKE_SOURCE_DIR}/build/cache/i386" CACHE PATH "where scripts/setup.sh put the 32-bit cmocka")

set(test_wrapper "")
if(QUIRE_SANITIZE MATCHES "thread")
	# ThreadSanitizer needs the address-space layout of older kernels.
	execute_process(COMMAND setarch -R true RESULT_VARIABLE setarch_fails OUTPUT_QUIET ERROR_QUIET)
	if(NOT setarch_fails)
		set(test_wrapper setarch -R)
	endif()
endif()

add_library(quire_cmocka INTERFACE)
if(QUIRE_M32)
	target_include_directories(quire_cmocka SYSTEM INTERFACE "${QUIRE_CMOCKA_ROOT}/usr/include")
	target_link_libraries(quire_cmocka INTERFACE "${QUIRE_CMOCKA_ROOT}/usr/lib/i386-linux-gnu/libcmocka.so.0")
	target_link_options(quire_cmocka INTERFACE "-Wl,-rpath,${QUIRE_CMOCKA_ROOT}/usr/lib/i386-linux-gnu")
else()
	target_link_libraries(quire_cmocka INTERFACE cmocka)
endif()

# The long ones first, so that none is left alone at the end.
function(quire_test_cost name)
	if(name MATCHES "(order18|block18)/")
		set_tests_properties(${name} PROPERTIES COST 100)
	elseif(name MATCHES "_model$")
		set_tests_properties(${name} PROPERTIES COST 50)
	endif()
endfunction()

function(quire_add_test source timeout)
	file(RELATIVE_PATH name "${CMAKE_SOURCE_DIR}/tests" "${source}")
	string(REGEX REPLACE "_test\\.c$" "" name "${name}")
	string(REPLACE "/" "." target "${name}")
	get_filename_component(folder "${source}" DIRECTORY)
	get_filename_component(folder "${folder}" NAME)
	# Helpers shared by the tests of one folder are its files that are not tests.
	get_filename_component(where "${source}" DIRECTORY)
	file(GLOB helpers CONFIGURE_DEPENDS "${where}/*.c" "${CMAKE_SOURCE_DIR}/tests/support/*.c")
	list(FILTER helpers EXCLUDE REGEX "_(test|fuzz)\\.c$")
	add_executable(${target} "${source}" ${helpers})
	target_include_directories(${target} PRIVATE "${CMAKE_SOURCE_DIR}/src" "${CMAKE_SOURCE_DIR}/src/${folder}"
		"${CMAKE_SOURCE_DIR}/tests" "${where}" "${CMAKE_SOURCE_DIR}/ports/posix")
	# tests/unit/ports/x_test.c is about ports/bare/common/x.c, which needs no machine.
	get_filename_component(stem "${source}" NAME_WE)
	string(REGEX REPLACE "_test$" ".c" stem "${stem}")
	if(folder STREQUAL "ports")
		target_sources(${target} PRIVATE "${CMAKE_SOURCE_DIR}/ports/bare/common/${stem}")
		target_include_directories(${target} PRIVATE "${CMAKE_SOURCE_DIR}/ports/bare/common")
	endif()
	target_compile_definitions(${target} PRIVATE _GNU_SOURCE)
	target_link_libraries(${target} PRIVATE quire quire_cmocka quire_warnings)
	set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests")
	add_test(NAME ${name} COMMAND ${test_wrapper} $<TARGET_FILE:${target}>)
	quire_test_cost(${name})
	set_tests_properties(${name} PROPERTIES TIMEOUT ${timeout} ENVIRONMENT
		"CMOCKA_MESSAGE_OUTPUT=TAP;ASAN_OPTIONS=detect_leaks=1:abort_on_error=0;UBSAN_OPTIONS=print_stacktrace=1")
endfunction()

# A test again, as VARIANT/NAME, with a library of other options, in which what a test of frames or objects does not
# need is left out: quire_add_test_with(VARIANT SOURCE DEFINITION...)
function(quire_add_test_with variant source)
	if(NOT TARGET quire_${variant})
		if(CMAKE_C_COMPILER_ID STREQUAL "GNU" AND NOT QUIRE_M32 AND NOT source MATCHES "/(mm|kmap)_[a-z_]*test\\.c$")
			list(FILTER quire_sources INCLUDE REGEX "src/((base|boot|frames|heap)/|maps/asid|watch/vmstat_text.c)")
		endif()
		quire_core(quire_${variant} STATIC "${CMAKE_SOURCE_DIR}/ports/posix/include")
		target_sources(quire_${variant} PRIVATE ${posix_sources})
		target_include_directories(quire_${variant} PRIVATE "${CMAKE_SOURCE_DIR}/ports/posix")
		target_compile_definitions(quire_${variant} PUBLIC ${ARGN})
		target_compile_options(quire_${variant} PRIVATE -Wno-type-limits -ffunction-sections)
		target_link_libraries(quire_${variant} PUBLIC Threads::Threads)
	endif()
	get_filename_component(name "${source}" NAME_WE)
	string(REGEX REPLACE "_test$" "" name "${name}")
	set(target "${variant}.${name}")
	add_executable(${target} "${source}")
	target_include_directories(${target} PRIVATE "${CMAKE_SOURCE_DIR}/src" "${CMAKE_SOURCE_DIR}/tests")
	target_compile_definitions(${target} PRIVATE _GNU_SOURCE)
	target_link_libraries(${target} PRIVATE quire_${variant} quire_cmocka quire_warnings)
	target_link_options(${target} PRIVATE -Wl,--gc-sections)
	set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests")
	add_test(NAME ${variant}/${name} COMMAND ${test_wrapper} $<TARGET_FILE:${target}>)
	quire_test_cost(${variant}/${name})
	set_tests_properties(${variant}/${name} PROPERTIES TIMEOUT 120 ENVIRONMENT "CMOCKA_MESSAGE_OUTPUT=TAP")
endfunction()

# Sets name and folder of a test: vmap and maps, of tests/unit/maps/vmap_test.c.
macro(quire_split_test source)
	get_filename_component(name "${source}" NAME_WE)
	string(REGEX REPLACE "_test$" "" name "${name}")
	get_filename_component(folder "${source}" DIRECTORY)
	get_filename_component(folder "${folder}" NAME)
endmacro()

# A test of address spaces on the core that is `lib`: quire_add_mm_test(TEST SOURCE LIB TIMEOUT [DEFINITION...])
function(quire_add_mm_test test source lib timeout)
	quire_split_test("${source}")
	get_filename_component(where "${source}" DIRECTORY)
	file(GLOB helpers CONFIGURE_DEPENDS "${where}/*.c")
	list(FILTER helpers EXCLUDE REGEX "_test\\.c$")
	string(REPLACE "/" "." target "${test}")
	add_executable(${target} "${source}" ${helpers})
	target_include_directories(${target} PRIVATE "${CMAKE_SOURCE_DIR}/src" "${CMAKE_SOURCE_DIR}/src/${folder}"
		"${CMAKE_SOURCE_DIR}/tests" "${where}" "${CMAKE_SOURCE_DIR}/ports/posix")
	target_compile_definitions(${target} PRIVATE _GNU_SOURCE ${ARGN})
	target_link_libraries(${target} PRIVATE ${lib} quire_cmocka quire_warnings)
	set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests")
	add_test(NAME ${test} COMMAND $<TARGET_FILE:${target}>)
	set_tests_properties(${test} PROPERTIES TIMEOUT ${timeout} ENVIRONMENT
		"CMOCKA_MESSAGE_OUTPUT=TAP;UBSAN_OPTIONS=print_stacktrace=1")
endfunction()

# The tests of what knows page tables, as FORMAT/NAME.  What lies below maps/ knows no format: it is the library's,
# and what lies above is compiled for the format: objects, so that the archive's own are never looked for.
function(quire_add_format_tests format)
	set(lib quire_on_${format})
	set(sources ${quire_sources})
	list(FILTER sources INCLUDE REGEX "src/(maps|spaces|swap|watch|[a-z_]+\\.c)")
	add_library(${lib} OBJECT ${sources} ${posix_sources})
	target_include_directories(${lib} PRIVATE "${CMAKE_SOURCE_DIR}/src" "${CMAKE_SOURCE_DIR}/ports/posix")
	target_compile_definitions(${lib} PUBLIC PORT_PT_FORMAT=${format})
	target_link_libraries(${lib} PUBLIC quire PRIVATE quire_warnings)
	file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/tests/unit/maps/*_test.c"
		"${CMAKE_SOURCE_DIR}/tests/unit/spaces/*_test.c" "${CMAKE_SOURCE_DIR}/tests/unit/posix/*_test.c"
		"${CMAKE_SOURCE_DIR}/tests/unit/swap/*_test.c" "${CMAKE_SOURCE_DIR}/tests/unit/watch/*_test.c"
		"${CMAKE_SOURCE_DIR}/tests/model/mm_*_test.c" "${CMAKE_SOURCE_DIR}/tests/inject/mm_*_test.c")
	# Those that look at formats side by side say the same whatever the build's own is.
	list(FILTER sources EXCLUDE REGEX "(maps/(explain|format|format_walk)|posix/walk)_test\\.c$")
	foreach(source IN LISTS sources)
		quire_split_test("${source}")
		quire_add_mm_test(${format}/${folder}/${name} "${source}" ${lib} 120)
	endforeach()
endfunction()

# The tests of address spaces once more, on a machine whose user memory has no address in the linear map, as
# PREFIX/NAME.  `lib` has highmem.
function(quire_add_highmem_tests prefix lib)
	file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/tests/unit/spaces/*_test.c"
		"${CMAKE_SOURCE_DIR}/tests/unit/watch/report_test.c"
		"${CMAKE_SOURCE_DIR}/tests/model/mm_*_test.c" "${CMAKE_SOURCE_DIR}/tests/inject/mm_*_test.c")
	foreach(source IN LISTS sources)
		quire_split_test("${source}")
		quire_add_mm_test(${prefix}/${name} "${source}" ${lib} 180 MM_HARNESS_HIGHMEM)
	endforeach()
endfunction()

# tests/lines: as shipped, with room for 64 CPUs, and compiled so that every store calls tests/lines/recorder.c: the
# instrumentation of ThreadSanitizer without ThreadSanitizer.  No other sanitizer goes with it.
function(quire_add_lines_test)
	add_library(quire_lines STATIC ${quire_sources} ${posix_sources})
	target_include_directories(quire_lines
		PRIVATE "${CMAKE_SOURCE_DIR}/src" "${CMAKE_SOURCE_DIR}/ports/posix"
		PUBLIC "${CMAKE_SOURCE_DIR}/include" "${CMAKE_SOURCE_DIR}/ports/posix/include")
	target_compile_definitions(quire_lines PUBLIC QUIRE_DEBUG=0 QUIRE_NR_CPUS=64)
	set_target_properties(quire_lines PROPERTIES COMPILE_OPTIONS "-O2;-fsanitize=thread;-ffreestanding")
	target_link_libraries(quire_lines PRIVATE quire_warnings PUBLIC Threads::Threads)
	add_executable(lines.cpus "${CMAKE_SOURCE_DIR}/tests/lines/cpus_test.c" "${CMAKE_SOURCE_DIR}/tests/lines/recorder.c")
	target_include_directories(lines.cpus PRIVATE "${CMAKE_SOURCE_DIR}/src" "${CMAKE_SOURCE_DIR}/tests")
	target_compile_definitions(lines.cpus PRIVATE _GNU_SOURCE)
	target_link_libraries(lines.cpus PRIVATE quire_lines quire_cmocka quire_warnings)
	set_target_properties(lines.cpus PROPERTIES COMPILE_OPTIONS "-O2" LINK_OPTIONS ""
		RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests")
	add_test(NAME lines/cpus COMMAND $<TARGET_FILE:lines.cpus>)
	set_tests_properties(lines/cpus PROPERTIES TIMEOUT 120 ENVIRONMENT "CMOCKA_MESSAGE_OUTPUT=TAP")
endfunction()

# Tests of frames and objects with options at the ends of their ranges.
function(quire_add_option_tests)
	# More nodes and CPUs than by default, and blocks of every shape that config.h allows.
	set(nodes "${CMAKE_SOURCE_DIR}/tests/unit/frames/nodes_test.c")
	set(buddy "${CMAKE_SOURCE_DIR}/tests/model/buddy_model_test.c")
	quire_add_test_with(nodes64 "${nodes}" QUIRE_NR_NODES=64 QUIRE_NR_CPUS=64)
	quire_add_test_with(order0 "${buddy}" QUIRE_MAX_ORDER=0 QUIRE_SECTION_SHIFT=22)
	quire_add_test_with(order5 "${buddy}" QUIRE_MAX_ORDER=5 QUIRE_PAGEBLOCK_ORDER=3 QUIRE_SECTION_SHIFT=22)
	quire_add_test_with(order18 "${buddy}" QUIRE_MAX_ORDER=18 QUIRE_SECTION_SHIFT=30)
	quire_add_test_with(block0 "${buddy}" QUIRE_PAGEBLOCK_ORDER=0)
	quire_add_test_with(block18 "${buddy}" QUIRE_MAX_ORDER=18 QUIRE_PAGEBLOCK_ORDER=18 QUIRE_SECTION_SHIFT=30)
	foreach(source "${CMAKE_SOURCE_DIR}/tests/model/heap_model_test.c" "${CMAKE_SOURCE_DIR}/tests/unit/heap/freelist_test.c")
		quire_add_test_with(hardened-slab "${source}" QUIRE_HEAP=QUIRE_HEAP_SLAB
			QUIRE_SLAB_FREELIST_HARDENED=1 QUIRE_SLAB_FREELIST_RANDOM=1)
		quire_add_test_with(hardened-slob "${source}" QUIRE_HEAP=QUIRE_HEAP_SLOB
			QUIRE_SLAB_FREELIST_HARDENED=1 QUIRE_SLAB_FREELIST_RANDOM=1)
	endforeach()
	# Without lists on CPUs, and all memory of one kind; but for tests that are about these, or that count on a frame
	# that was just freed to be left alone for a while.  (heap/debug_test.c is the namesake of a test of frames.)
	file(GLOB plain_tests CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/tests/unit/heap/*_test.c"
		"${CMAKE_SOURCE_DIR}/tests/model/heap_*_test.c" "${CMAKE_SOURCE_DIR}/tests/unit/frames/*_test.c")
	list(FILTER plain_tests EXCLUDE REGEX "frames/(alloc|contig|gfp|grow|migrate|debug)_test")
	foreach(source IN LISTS plain_tests)
		quire_add_test_with(plain "${source}" QUIRE_PCP=0 QUIRE_MOBILITY=0 QUIRE_BOOT_GROW=0 QUIRE_MIN_FREE_KIB=16)
	endforeach()
	quire_add_test_with(plain "${buddy}")
	quire_add_lines_test()
	# quire/config_tiny.h, on a machine of 512 KiB and, with room for its tests, on a larger one.
	quire_add_test_with(tiny "${CMAKE_SOURCE_DIR}/tests/tiny/machine_test.c" "QUIRE_CONFIG_FILE=<quire/config_tiny.h>")
	target_sources(tiny.machine PRIVATE "${CMAKE_SOURCE_DIR}/tests/tiny/suite.c")
	quire_add_test_with(tiny "${buddy}")
endfunction()

function(quire_add_fuzz source)
	get_filename_component(name "${source}" NAME_WE)
	string(REGEX REPLACE "_fuzz$" "" name "${name}")
	add_executable(fuzz.${name} "${source}")
	# tests/fuzz/elf_fuzz.c takes apps/kernel/elf.c with it, srat_fuzz.c takes ports/bare/common/srat.c: the parts of
	# the boot kernel that read hostile input.
	foreach(folder apps/kernel ports/bare/common)
		if(EXISTS "${CMAKE_SOURCE_DIR}/${folder}/${name}.c")
			target_sources(fuzz.${name} PRIVATE "${CMAKE_SOURCE_DIR}/${folder}/${name}.c")
			target_compile_options(fuzz.${name} PRIVATE -iquote "${CMAKE_SOURCE_DIR}/${folder}")
		endif()
	endforeach()
	target_include_directories(fuzz.${name} PRIVATE "${CMAKE_SOURCE_DIR}/src" "${CMAKE_SOURCE_DIR}/tests"
		"${CMAKE_SOURCE_DIR}/ports/posix")
	target_compile_definitions(fuzz.${name} PRIVATE _GNU_SOURCE)
	target_link_options(fuzz.${name} PRIVATE -fsanitize=fuzzer)
	target_link_libraries(fuzz.${name} PRIVATE quire quire_warnings)
	set_target_properties(fuzz.${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests")
	# libFuzzer writes what it finds into the first folder: a scratch one; the seeds stay as they are.
	set(scratch "${CMAKE_BINARY_DIR}/corpus/${name}")
	file(MAKE_DIRECTORY "${scratch}")
	set(corpus "${CMAKE_SOURCE_DIR}/tests/fuzz/corpus/${name}")
	if(NOT EXISTS "${corpus}")
		set(corpus "")
	endif()
	add_test(NAME fuzz/${name} COMMAND fuzz.${name} -runs=${QUIRE_FUZZ_RUNS} -seed=1 -timeout=20 -rss_limit_mb=3000
		-verbosity=0 -artifact_prefix=${CMAKE_BINARY_DIR}/ "${scratch}" ${corpus})
	set_tests_properties(fuzz/${name} PROPERTIES TIMEOUT 180)
endfunction()

if(QUIRE_FORMATS)
	list(REMOVE_ITEM formats x86_64 x86_pae) # other builds have them
	foreach(format IN LISTS formats)
		quire_add_format_tests(${format})
	endforeach()
	if(QUIRE_M32)
		quire_add_highmem_tests(armv7-highmem quire_on_armv7)
	endif()
elseif(QUIRE_FUZZ)
	file(GLOB fuzz_sources CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/tests/fuzz/*_fuzz.c")
	foreach(source IN LISTS fuzz_sources)
		quire_add_fuzz("${source}")
	endforeach()
elseif(QUIRE_SANITIZE MATCHES "thread")
	file(GLOB race_sources CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/tests/race/*_test.c")
	list(FILTER race_sources EXCLUDE REGEX "/kmap_race_test") # below
	foreach(source IN LISTS race_sources)
		quire_add_test("${source}" 180)
	endforeach()
	# Where use and stores are noted by faults, entries are invalid for a moment, and TLBs are tagged.
	quire_add_test_with(aarch64 "${CMAKE_SOURCE_DIR}/tests/race/mm_race_test.c" PORT_PT_FORMAT=aarch64)
	quire_add_test_with(aarch64 "${CMAKE_SOURCE_DIR}/tests/race/tlb_race_test.c" PORT_PT_FORMAT=aarch64)
	# ThreadSanitizer knows no 32-bit machines: a 64-bit one whose linear map ends.
	quire_add_test_with(highmem "${CMAKE_SOURCE_DIR}/tests/race/kmap_race_test.c" POSIX_HIGHMEM=1)
	foreach(heap slab slob)
		string(TOUPPER ${heap} value)
		quire_add_test_with(${heap} "${CMAKE_SOURCE_DIR}/tests/race/heap_race_test.c" QUIRE_HEAP=QUIRE_HEAP_${value})
	endforeach()
else()
	file(GLOB_RECURSE unit_sources CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/tests/unit/*_test.c")
	file(GLOB slow_sources CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/tests/model/*_test.c"
		"${CMAKE_SOURCE_DIR}/tests/inject/*_test.c")
	foreach(source IN LISTS unit_sources)
		quire_add_test("${source}" 60)
	endforeach()
	foreach(source IN LISTS slow_sources)
		quire_add_test("${source}" 180)
	endforeach()
	if(QUIRE_M32)
		quire_add_highmem_tests(highmem quire)
	elseif(QUIRE_SANITIZE)
		# AddressSanitizer, too: a 64-bit machine whose linear map ends.
		quire_add_test_with(highmem "${CMAKE_SOURCE_DIR}/tests/unit/maps/kmap_test.c" POSIX_HIGHMEM=1)
		quire_add_highmem_tests(highmem quire_highmem)
	endif()
	# The same heap, made of something else.
	file(GLOB heap_tests CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/tests/unit/heap/*_test.c"
		"${CMAKE_SOURCE_DIR}/tests/model/heap_*_test.c")
	foreach(source IN LISTS heap_tests)
		quire_add_test_with(slab "${source}" QUIRE_HEAP=QUIRE_HEAP_SLAB)
		quire_add_test_with(slob "${source}" QUIRE_HEAP=QUIRE_HEAP_SLOB)
		quire_add_test_with(hardened "${source}" QUIRE_SLAB_FREELIST_HARDENED=1 QUIRE_SLAB_FREELIST_RANDOM=1)
	endforeach()
	# One compiler and one width of words are enough for what follows: it is there to be run.
	if(NOT CMAKE_C_COMPILER_ID MATCHES "Clang" AND NOT QUIRE_M32)
		quire_add_option_tests()
	endif()
endif()

# What ports promise (tests/port): on this port, and on ports with one mistake each.  scripts/port-check.sh has the others.
if(NOT QUIRE_FORMATS AND NOT QUIRE_FUZZ)
	file(GLOB port_suite CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/tests/port/*.c")
	list(FILTER port_suite EXCLUDE REGEX "/kernel\\.c$")
	add_executable(port.posix ${port_suite})
	target_include_directories(port.posix PRIVATE "${CMAKE_SOURCE_DIR}/tests/port")
	target_compile_definitions(port.posix PRIVATE _GNU_SOURCE)
	target_link_libraries(port.posix PRIVATE quire quire_warnings)
	foreach(hook copy_from_user copy_to_user clear_user cmpxchg_user random stack_trace)
		target_link_options(port.posix PRIVATE "-Wl,--wrap=port_${hook}")
	endforeach()
	set_target_properties(port.posix PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests")
	add_test(NAME port/posix COMMAND ${test_wrapper} $<TARGET_FILE:port.posix> posix)
	add_test(NAME port/mutants COMMAND ${test_wrapper} "${CMAKE_SOURCE_DIR}/tests/port/mutants.sh" $<TARGET_FILE:port.posix>)
	set_tests_properties(port/posix port/mutants PROPERTIES TIMEOUT 120)
endif()
