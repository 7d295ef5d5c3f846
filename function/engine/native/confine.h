/* Rights that a process gives up for good, before it looks at bytes of a stranger. Linux alone. */
#ifndef CONFINE_H
#define CONFINE_H

/* Hide this process: no other of the same user may trace it, or read its memory or environment. */
int hide(void);

/* End this process as soon as its parent has ended. Return 0 if that cannot be had. */
int end_with_parent(void);

/* Refuse all system calls except those of pure computation on what is open and mapped already.
 *
 * Return 0 where the kernel grants no filter. */
int refuse_calls(void);

#endif
