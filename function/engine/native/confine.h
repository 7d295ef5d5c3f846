/* Rights that a process gives up for good, before it looks at bytes of a stranger. Linux alone. */
#ifndef CONFINE_H
#define CONFINE_H

/* Hide this process: no other of the same user may trace it, or read its memory or environment. */
int hide(void);

/* End this process as soon as its parent has ended. Return 0 if that cannot be had. */
int end_with_parent(void);

/* Open a file for reading, and keep it open for processes that are forked from now on. Once one of them has called
 * `refuse_calls`, to open this path still works there: it gets the open file. Return 0 if
 * the file cannot be opened, its path is too long, or too many are kept. */
int keep_file(const char *path);

/* Refuse all system calls except those of pure computation on what is open and mapped already.
 *
 * Return 0 where the kernel grants no filter. */
int refuse_calls(void);

/* Forget that this thread was refused memory. */
void forget_refused_memory(void);

/* Return whether this thread was refused memory since. */
int was_refused_memory(void);

/* From now on, an abort of a thread that was refused memory ends this process by SIGXCPU, which is how the
 * kernel ends it when its CPU time is used up. Any other abort still ends it by SIGABRT. Return 0 if that cannot be had. */
int kill_after_refused_memory(void);

#endif
