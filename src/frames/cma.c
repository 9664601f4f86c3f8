/* SPDX-License-Identifier: MIT */
#include <quire/cma.h>

unsigned long totalcma_pages;
