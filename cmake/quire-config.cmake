# SPDX-License-Identifier: MIT
#
# find_package(quire) gives quire::quire (the core) and quire::quire_posix (the port to an ordinary process).

include(CMakeFindDependencyMacro)
find_dependency(Threads)
include("${CMAKE_CURRENT_LIST_DIR}/quire-targets.cmake")
