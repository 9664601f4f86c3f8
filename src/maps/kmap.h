/* SPDX-License-Identifier: MIT */
/* maps/kmap.h - between kmap.c, kmap_local.c and who starts and checks maps/. */
#ifndef QUIRE_MAPS_KMAP_H
#define QUIRE_MAPS_KMAP_H

/* Nothing is mapped; the tables of kernel.c are there. */
void kmap_init(void);
/* The machine stops: what is mapped still is named in the log. */
void kmap_exit(void);

/* Laws, while nothing is mapped or unmapped: words or NULL. */
const char *kmap_check(void);
const char *kmap_local_check(void);

#endif
