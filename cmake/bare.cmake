# SPDX-License-Identifier: MIT
#
# ports/bare/ARCH: the boot kernel, the programs that run in it, and the initramfs.

set(port_dir "${CMAKE_SOURCE_DIR}/ports/${QUIRE_PORT}")
set(common_dir "${CMAKE_SOURCE_DIR}/ports/bare/common")
set(kernel_dir "${CMAKE_SOURCE_DIR}/apps/kernel")
get_filename_component(arch "${QUIRE_PORT}" NAME)
set(arch_dir "${kernel_dir}/arch/${arch}")

set(bare_flags -ffreestanding -nostdlib -fno-pic -fno-pie -fno-stack-protector -fno-asynchronous-unwind-tables
	-fno-strict-aliasing -fomit-frame-pointer -g -O2)
set(bare_link_flags -Wl,-z,max-page-size=4096 -Wl,-z,noexecstack)
set(user_flags "") # of programs
set(vdso_flags "")
set(strip strip)
find_program(BUSYBOX busybox)
set(applets "${BUSYBOX}") # who lists the names of busybox's programs: one that runs here
set(common cmdline log random record trace user) # of ports/bare/common: what every board has
if(arch STREQUAL "x86_64")
	list(APPEND bare_flags -fcf-protection=none -m64 -mcmodel=kernel -mno-red-zone -mgeneral-regs-only)
	list(APPEND bare_link_flags -no-pie -Wl,--no-warn-rwx-segments)
	set(vdso_flags -fcf-protection=none -mgeneral-regs-only)
	list(APPEND common pcid popcount protect vmemmap srat uart16550)
elseif(arch STREQUAL "aarch64")
	# clang's target is aarch64-none-elf (CMakePresets.json); programs are for Linux, with Debian's libraries unpacked.
	set(sysroot "${CMAKE_SOURCE_DIR}/build/cache/aarch64")
	list(APPEND bare_flags -mgeneral-regs-only -mno-outline-atomics)
	list(APPEND bare_link_flags -fuse-ld=lld)
	list(APPEND common vmemmap fdt fdt_boot fpu gic pl011 pl031 psci)
	set(user_flags --target=aarch64-linux-gnu "--sysroot=${sysroot}" "--gcc-toolchain=${sysroot}/usr")
	set(user_link_flags -fuse-ld=lld)
	set(vdso_flags --target=aarch64-linux-gnu -mgeneral-regs-only -fuse-ld=lld)
	set(strip llvm-strip)
	set(BUSYBOX "${sysroot}/bin/busybox")
elseif(arch STREQUAL "armv7")
	set(QUIRE_PAGE_OFFSET 0x80000000 CACHE STRING "where RAM is seen: 0x80000000 (2G/2G) or 0xc0000000 (3G/1G)")
	if(NOT QUIRE_PAGE_OFFSET MATCHES "^0x[8c]0000000$")
		message(FATAL_ERROR "QUIRE_PAGE_OFFSET is ${QUIRE_PAGE_OFFSET}: only 0x80000000 and 0xc0000000 are laid out")
	endif()
	list(APPEND bare_flags -mcpu=cortex-a9 -marm -mfloat-abi=soft "-DQUIRE_PAGE_OFFSET=${QUIRE_PAGE_OFFSET}")
	list(APPEND bare_link_flags -fuse-ld=lld "-Wl,--defsym=QUIRE_PAGE_OFFSET=${QUIRE_PAGE_OFFSET}")
	list(APPEND common divide64 fdt fdt_boot fpu gic pl011 pl031 psci)
	# Programs are those of Debian's armhf: Thumb-2 and the FPU's registers for arguments.
	set(sysroot "${CMAKE_SOURCE_DIR}/build/cache/armhf")
	set(user_flags --target=arm-linux-gnueabihf "--sysroot=${sysroot}" "--gcc-toolchain=${sysroot}/usr")
	set(user_link_flags -fuse-ld=lld)
	set(vdso_flags --target=arm-linux-gnueabi -march=armv7-a -marm -mfloat-abi=soft -fuse-ld=lld)
	set(strip llvm-strip)
	set(BUSYBOX "${sysroot}/bin/busybox")
elseif(arch STREQUAL "riscv64")
	# clang's target is riscv64-none-elf.  lld does not relax; Debian's libraries want to be, so programs are linked by GNU ld.
	set(sysroot "${CMAKE_SOURCE_DIR}/build/cache/riscv64")
	string(REGEX MATCH "[0-9]+$" sv "${QUIRE_FORMAT}")
	if(NOT sv)
		set(sv 39)
	endif()
	add_compile_definitions(BARE_SV=${sv})
	list(APPEND bare_flags -march=rv64imac -mabi=lp64 -mcmodel=medany -mno-relax)
	list(APPEND bare_link_flags -fuse-ld=lld)
	set_source_files_properties("${port_dir}/fpu.S" PROPERTIES COMPILE_OPTIONS "-march=rv64imafdc")
	list(APPEND common popcount protect vmemmap fdt fdt_boot ns16550)
	set(user_flags --target=riscv64-linux-gnu -march=rv64gc "--sysroot=${sysroot}/usr/riscv64-linux-gnu" "--gcc-toolchain=${sysroot}/usr")
	set(user_link_flags -fuse-ld=/usr/bin/riscv64-linux-gnu-ld -Wl,-z,separate-code)
	set(vdso_flags --target=riscv64-linux-gnu -march=rv64imac -mabi=lp64 -mno-relax -fuse-ld=lld)
	set(strip llvm-strip)
	set(BUSYBOX "${sysroot}/usr/bin/busybox")
endif()
if(QUIRE_LTO)
	list(APPEND bare_flags $<IF:$<C_COMPILER_ID:GNU>,-flto=auto,-flto>)
endif()

quire_core(quire STATIC "${port_dir}/include")
target_compile_options(quire PRIVATE ${bare_flags})

# The vDSO: a small shared object that the kernel maps into every program.
set(vdso "")
if(EXISTS "${arch_dir}/vdso/vdso.ld")
	file(GLOB vdso_sources CONFIGURE_DEPENDS "${arch_dir}/vdso/*.c" "${arch_dir}/vdso/*.S")
	set(vdso_headers "${kernel_dir}/vvar.h" "${kernel_dir}/vdso_clock.h")
	set(vdso "${CMAKE_BINARY_DIR}/vdso.so")
	add_custom_command(OUTPUT "${vdso}"
		COMMAND ${CMAKE_C_COMPILER} -std=gnu17 -O2 -Wall -Wextra -Werror -shared -fPIC -nostdlib -ffreestanding
			-fno-stack-protector -fno-asynchronous-unwind-tables ${vdso_flags}
			-I "${CMAKE_SOURCE_DIR}/include" -I "${port_dir}/include" -I "${kernel_dir}"
			-Wl,-soname,linux-vdso.so.1 -Wl,--hash-style=both -Wl,--build-id=none -Wl,-z,max-page-size=4096
			-T "${arch_dir}/vdso/vdso.ld" ${vdso_sources} -o "${vdso}"
		DEPENDS ${vdso_sources} ${vdso_headers} "${arch_dir}/vdso/vdso.ld"
		COMMENT "Linking vdso.so" VERBATIM)
endif()

file(GLOB port_sources CONFIGURE_DEPENDS "${port_dir}/*.c" "${port_dir}/*.S")
foreach(name IN LISTS common)
	list(APPEND port_sources "${common_dir}/${name}.c")
endforeach()
file(GLOB_RECURSE app_sources CONFIGURE_DEPENDS "${kernel_dir}/*.c" "${kernel_dir}/*.S")
list(FILTER app_sources EXCLUDE REGEX "/apps/kernel/arch/")
file(GLOB arch_sources CONFIGURE_DEPENDS "${arch_dir}/*.c" "${arch_dir}/*.S")
if(arch MATCHES "^(aarch64|riscv64)$")
	list(APPEND arch_sources "${kernel_dir}/arch/newer/syscall.c")
endif()
list(APPEND app_sources ${arch_sources})

if(QUIRE_PORT_CHECK)
	file(GLOB check_sources "${CMAKE_SOURCE_DIR}/tests/port/*.c")
	list(FILTER check_sources EXCLUDE REGEX "/(hosted|mutants)\\.c$")
	list(APPEND app_sources ${check_sources})
endif()

if(port_sources AND arch_sources)
	add_executable(quire-kernel ${port_sources} ${app_sources})
	target_compile_options(quire-kernel PRIVATE ${bare_flags})
	target_include_directories(quire-kernel PRIVATE "${port_dir}" "${common_dir}" "${common_dir}/include" "${kernel_dir}" "${kernel_dir}/arch" "${arch_dir}")
	target_link_libraries(quire-kernel PRIVATE quire quire_warnings)
	target_compile_definitions(quire-kernel PRIVATE QUIRE_PORT_CHECK=$<BOOL:${QUIRE_PORT_CHECK}>)
	target_link_options(quire-kernel PRIVATE ${bare_flags} -static -Wl,--build-id=none ${bare_link_flags}
		-T "${port_dir}/kernel.ld")
	set_target_properties(quire-kernel PROPERTIES LINK_DEPENDS "${port_dir}/kernel.ld")
	if(vdso)
		set_source_files_properties("${kernel_dir}/vdso_image.S" PROPERTIES
			COMPILE_OPTIONS "-DVDSO_PATH=\"${vdso}\"" OBJECT_DEPENDS "${vdso}")
	endif()
	install(TARGETS quire-kernel DESTINATION lib/quire)
	if(NOT arch STREQUAL "x86_64")
		# What Linux's boot protocol loads: the bytes of the image, with entry.S's header in front.
		add_custom_command(TARGET quire-kernel POST_BUILD
			COMMAND llvm-objcopy -O binary $<TARGET_FILE:quire-kernel> "${CMAKE_BINARY_DIR}/quire-kernel.img" VERBATIM)
	endif()
	if(arch STREQUAL "armv7")
		# The device tree of a machine for which QEMU has none.
		find_program(DTC dtc REQUIRED)
		add_custom_command(OUTPUT "${CMAKE_BINARY_DIR}/vexpress-a9.dtb"
			COMMAND ${DTC} -q -I dts -O dtb "${port_dir}/vexpress-a9.dts" -o "${CMAKE_BINARY_DIR}/vexpress-a9.dtb"
			DEPENDS "${port_dir}/vexpress-a9.dts" VERBATIM)
		add_custom_target(device-trees ALL DEPENDS "${CMAKE_BINARY_DIR}/vexpress-a9.dtb")
	endif()
endif()

# A machine that gives quire 512 KiB (tests/boot/tiny): ports/none, quire/config_tiny.h, as small as it goes.
if(QUIRE_PORT STREQUAL "bare/x86_64" AND QUIRE_HEAP STREQUAL "slub")
	set(tiny_dir "${CMAKE_SOURCE_DIR}/tests/boot/tiny")
	set(tiny_flags -Os -ffreestanding -nostdlib -fno-pic -fno-pie -fno-stack-protector -fno-asynchronous-unwind-tables
		-fcf-protection=none -m64 -mno-red-zone -mgeneral-regs-only -ffunction-sections -fdata-sections -flto=auto)
	quire_core(quire_tiny STATIC "${CMAKE_SOURCE_DIR}/ports/none/include")
	target_compile_definitions(quire_tiny PUBLIC "QUIRE_CONFIG_FILE=<quire/config_tiny.h>")
	target_compile_options(quire_tiny PRIVATE ${tiny_flags} -Wno-type-limits)
	add_executable(quire-tiny "${tiny_dir}/entry.S" "${tiny_dir}/main.c" "${CMAKE_SOURCE_DIR}/tests/tiny/suite.c"
		"${port_dir}/memory.S")
	target_compile_options(quire-tiny PRIVATE ${tiny_flags})
	target_include_directories(quire-tiny PRIVATE "${CMAKE_SOURCE_DIR}/tests")
	target_link_libraries(quire-tiny PRIVATE quire_tiny quire_warnings)
	target_link_options(quire-tiny PRIVATE ${tiny_flags} -static -no-pie -Wl,--build-id=none -Wl,--gc-sections
		-Wl,-z,noexecstack -Wl,--no-warn-rwx-segments -T "${tiny_dir}/tiny.ld")
	set_target_properties(quire-tiny PROPERTIES LINK_DEPENDS "${tiny_dir}/tiny.ld" EXCLUDE_FROM_ALL TRUE)
	set_target_properties(quire_tiny PROPERTIES EXCLUDE_FROM_ALL TRUE)
endif()

if(NOT QUIRE_PROGRAMS)
	return()
endif()

# Programs for the machine to run: ordinary static Linux programs, they know nothing of quire.
set(user_targets "")
function(quire_user_program target output source)
	add_executable(${target} "${source}")
	set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/user" OUTPUT_NAME ${output})
	target_include_directories(${target} PRIVATE "${CMAKE_SOURCE_DIR}/tests/boot/user")
	target_compile_definitions(${target} PRIVATE _GNU_SOURCE _FILE_OFFSET_BITS=64)
	target_compile_options(${target} PRIVATE -O2 ${user_flags} ${ARGN})
	target_link_options(${target} PRIVATE ${user_flags} ${user_link_flags})
	set(user_targets ${user_targets} ${target} PARENT_SCOPE)
endfunction()

file(GLOB user_sources CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/tests/boot/user/*.c")
list(FILTER user_sources EXCLUDE REGEX "/mmtests_[a-z0-9_]+\\.c$")
if(NOT arch STREQUAL "armv7")
	list(FILTER user_sources EXCLUDE REGEX "_armv7\\.c$")
endif()
foreach(source IN LISTS user_sources)
	get_filename_component(name "${source}" NAME_WE)
	quire_user_program(user.${name} ${name} "${source}" -Wall -Wextra)
	if(NOT name MATCHES "^pie_")
		target_link_options(user.${name} PRIVATE -static)
	endif()
endforeach()
if(TARGET user.mmtests)
	file(GLOB mmtests_sources CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/tests/boot/user/mmtests_*.c")
	target_sources(user.mmtests PRIVATE ${mmtests_sources})
	# Bad pointers are its trade.
	target_compile_options(user.mmtests PRIVATE -Wno-nonnull
		$<$<C_COMPILER_ID:GNU>:-Wno-stringop-overread;-Wno-stringop-overflow>)
endif()
# Debian's C library of armhf has no code for a static program that may lie anywhere: there it is one without.
if(TARGET user.pie_armv7)
	target_compile_options(user.pie_armv7 PRIVATE -fPIE -ffreestanding)
	target_link_options(user.pie_armv7 PRIVATE -nostdlib -static-pie)
	set_target_properties(user.pie_armv7 PROPERTIES OUTPUT_NAME hello-pie)
elseif(TARGET user.hello)
	quire_user_program(user.hello-pie hello-pie "${CMAKE_SOURCE_DIR}/tests/boot/user/hello.c" -Wall -Wextra -fPIE)
	if(arch STREQUAL "riscv64") # whose libc for cross compilation has no start file for -static-pie
		target_link_options(user.hello-pie PRIVATE -static)
	else()
		target_link_options(user.hello-pie PRIVATE -static-pie)
	endif()
endif()
foreach(name mmbench vma_growth)
	if(EXISTS "${CMAKE_SOURCE_DIR}/bench/${name}.c")
		quire_user_program(user.${name} ${name} "${CMAKE_SOURCE_DIR}/bench/${name}.c")
		target_link_options(user.${name} PRIVATE -static)
	endif()
endforeach()

# The initramfs: Debian's busybox as it is, the programs above, and the script of `make run`.
find_program(CPIO cpio)
if(BUSYBOX AND CPIO)
	set(initramfs "${CMAKE_BINARY_DIR}/initramfs.cpio")
	file(GLOB init_scripts CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/tests/boot/*.sh")
	set(user_files "")
	foreach(target IN LISTS user_targets)
		list(APPEND user_files $<TARGET_FILE:${target}>)
	endforeach()
	add_custom_command(OUTPUT "${initramfs}"
		COMMAND ${CMAKE_COMMAND} -E env "APPLETS=${applets}" "STRIP=${strip}"
			"${CMAKE_SOURCE_DIR}/scripts/mkinitramfs.sh" "${BUSYBOX}" "${initramfs}"
			"${CMAKE_SOURCE_DIR}/tests/boot/init.sh" ${user_files}
		DEPENDS "${CMAKE_SOURCE_DIR}/scripts/mkinitramfs.sh" ${init_scripts} ${user_targets} "${BUSYBOX}"
		COMMENT "Packing initramfs.cpio" VERBATIM)
	add_custom_target(initramfs ALL DEPENDS "${initramfs}")
endif()
