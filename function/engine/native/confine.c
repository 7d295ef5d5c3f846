/* The filter of system calls is a program for the kernel's Berkeley Packet Filter (Linux kernel
 * documentation, "Seccomp BPF"). Calls that are not listed fail with EPERM rather than end the process,
 * because a decoder can do without its configuration files, its name for a thread or a larger pipe.
 *
 * resvg opens fonts by their paths, again for each glyph. Where files are kept for it, the kernel does not carry out
 * a call to open one either: it reports it by SIGSYS (same page, "SECCOMP_RET_TRAP"), and the handler below
 * answers with the descriptor that is open already. A process that was broken into may change the handler,
 * which gains it nothing: the filter itself still allows no file to be opened. */
#define _GNU_SOURCE /* CLONE_THREAD */
#include "confine.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>

#if defined(__linux__)
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <linux/stat.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#if defined(__x86_64__)
enum { MACHINE = AUDIT_ARCH_X86_64 };
#else
enum { MACHINE = AUDIT_ARCH_AARCH64 };
#endif

#ifndef __NR_rseq
#if defined(__x86_64__)
#define __NR_rseq 334
#else
#define __NR_rseq 293
#endif
#endif
#ifndef __NR_clone3
#define __NR_clone3 435
#endif
#ifndef __NR_statx
#if defined(__x86_64__)
#define __NR_statx 332
#else
#define __NR_statx 291
#endif
#endif

/* One step of the program: if the accumulator equals `value`, go on, else skip `skipped` steps. */
#define UNLESS(value, skipped) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), 0, (skipped))
/* If the accumulator has one of these bits, skip `skipped` steps. */
#define SKIP_IF_BITS(bits, skipped) BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, (bits), (skipped), 0)
#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
/* The low half of an argument: both machines are little-endian. */
#define LOAD_ARGUMENT(number) LOAD(args[number])
#define ALLOW BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define REFUSE(error) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (error))

#define ALLOW_CALL(number) UNLESS((number), 1), ALLOW

int hide(void) { return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0; }

int end_with_parent(void) { return prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0; }

enum { MOST_FILES = 16, LONGEST_PATH = 4096 };

static struct {
    char path[LONGEST_PATH];
    int descriptor;
    off_t length;
} files[MOST_FILES];

static size_t file_count = 0;

int keep_file(const char *path) {
    if (file_count == MOST_FILES || strlen(path) >= LONGEST_PATH) {
        return 0;
    }
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    off_t length = descriptor < 0 ? -1 : lseek(descriptor, 0, SEEK_END);
    if (length < 0) {
        return 0;
    }
    strcpy(files[file_count].path, path);
    files[file_count].descriptor = descriptor;
    files[file_count++].length = length;
    return 1;
}

/* Answer openat() for a kept file, and statx() for its descriptor, by which it is mapped; refuse all others. */
static long answer(int number, const long long arguments[]) {
    const char *path = (const char *)arguments[1];
    for (size_t i = 0; path && i < file_count; i++) {
        if (number == __NR_openat && strcmp(path, files[i].path) == 0) {
            return files[i].descriptor;
        }
        if (number == __NR_statx && *path == 0 && arguments[0] == files[i].descriptor) {
            struct statx *found = (struct statx *)arguments[4];
            memset(found, 0, sizeof *found);
            found->stx_mask = STATX_TYPE | STATX_SIZE;
            found->stx_mode = S_IFREG;
            found->stx_size = (unsigned long long)files[i].length;
            return 0;
        }
    }
    return -EPERM;
}

/* Return from a trapped call with a result: the thread goes on with these registers. */
static void handle_trap(int number, siginfo_t *told, void *context) {
    mcontext_t *thread = &((ucontext_t *)context)->uc_mcontext;
    (void)number;
#if defined(__x86_64__)
    const greg_t *from = thread->gregs;
    const long long arguments[] = {from[REG_RDI], from[REG_RSI], from[REG_RDX], from[REG_R10], from[REG_R8]};
    thread->gregs[REG_RAX] = answer(told->si_syscall, arguments);
#else
    thread->regs[0] = (unsigned long long)answer(told->si_syscall, (const long long *)thread->regs);
#endif
}

static int answer_traps(void) {
    struct sigaction action = {.sa_sigaction = handle_trap, .sa_flags = SA_SIGINFO};
    return sigemptyset(&action.sa_mask) == 0 && sigaction(SIGSYS, &action, NULL) == 0;
}

int refuse_calls(void) {
    const unsigned self = (unsigned)getpid();
    const unsigned on_file = file_count && answer_traps() ? SECCOMP_RET_TRAP : SECCOMP_RET_ERRNO | EPERM;
    struct sock_filter steps[] = {
        LOAD(arch),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, MACHINE, 1, 0),
        REFUSE(EPERM),
        LOAD(nr),
        ALLOW_CALL(__NR_read),
        ALLOW_CALL(__NR_write),
        ALLOW_CALL(__NR_futex),
        ALLOW_CALL(__NR_munmap),
        ALLOW_CALL(__NR_mremap),
        ALLOW_CALL(__NR_madvise),
        ALLOW_CALL(__NR_brk),
        ALLOW_CALL(__NR_clock_gettime),
        ALLOW_CALL(__NR_clock_nanosleep),
        ALLOW_CALL(__NR_nanosleep),
        ALLOW_CALL(__NR_gettimeofday),
        ALLOW_CALL(__NR_getrusage),
        ALLOW_CALL(__NR_getrandom),
        ALLOW_CALL(__NR_getcwd), /* Pillow's save(), whatever it writes to */
        ALLOW_CALL(__NR_getpid),
        ALLOW_CALL(__NR_gettid),
        ALLOW_CALL(__NR_sched_yield),
        ALLOW_CALL(__NR_sched_getaffinity),
        ALLOW_CALL(__NR_set_robust_list),
        ALLOW_CALL(__NR_rseq),
        ALLOW_CALL(__NR_sigaltstack),
        ALLOW_CALL(__NR_rt_sigaction),
        ALLOW_CALL(__NR_rt_sigprocmask),
        ALLOW_CALL(__NR_rt_sigreturn),
        ALLOW_CALL(__NR_restart_syscall),
        ALLOW_CALL(__NR_exit),
        ALLOW_CALL(__NR_exit_group),
        /* glibc falls back on clone, whose flags lie in a register where they can be seen. */
        UNLESS(__NR_clone3, 1),
        REFUSE(ENOSYS),
        /* Threads, no processes: the first argument has the flags. */
        UNLESS(__NR_clone, 4),
        LOAD_ARGUMENT(0),
        SKIP_IF_BITS(CLONE_THREAD, 1),
        REFUSE(EPERM),
        ALLOW,
        /* Memory, but no code: the third argument has the protection. */
        UNLESS(__NR_mmap, 4),
        LOAD_ARGUMENT(2),
        SKIP_IF_BITS(PROT_EXEC, 1),
        ALLOW,
        REFUSE(EPERM),
        UNLESS(__NR_mprotect, 4),
        LOAD_ARGUMENT(2),
        SKIP_IF_BITS(PROT_EXEC, 1),
        ALLOW,
        REFUSE(EPERM),
        /* Signals to itself, by which abort() ends it. */
        UNLESS(__NR_tgkill, 4),
        LOAD_ARGUMENT(0),
        UNLESS(self, 1),
        ALLOW,
        REFUSE(EPERM),
        /* Its own limits alone: the first argument is the process, 0 for the caller. */
        UNLESS(__NR_prlimit64, 4),
        LOAD_ARGUMENT(0),
        UNLESS(0, 1),
        ALLOW,
        REFUSE(EPERM),
        UNLESS(__NR_openat, 1),
        BPF_STMT(BPF_RET | BPF_K, on_file),
        UNLESS(__NR_statx, 1),
        BPF_STMT(BPF_RET | BPF_K, on_file),
        REFUSE(EPERM),
    };
    struct sock_fprog program = {sizeof steps / sizeof *steps, steps};
    /* Before Linux 5.16, a filter slows its process down against Spectre, variant 4, unless it is told not to:
     * that guards code against other code in the same process, and here is no other. */
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           (syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, &program) == 0 ||
            prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0);
}
#else
int hide(void) { return 0; }
int end_with_parent(void) { return 0; }
int keep_file(const char *path) { (void)path; return 1; }
int refuse_calls(void) { return 0; }
#endif

/* malloc sets errno when it fails, and leaves it as it was when it succeeds (POSIX, "malloc"). It is asked
 * about right after a decoder has failed, so little can have set it in between. */
void forget_refused_memory(void) { errno = 0; }

int was_refused_memory(void) { return errno == ENOMEM; }

/* Rust's library calls abort() when malloc fails, at once and on the same thread. If this returns, abort()
 * goes on to end the process. */
static void handle_abort(int number) {
    (void)number;
    if (was_refused_memory()) {
        raise(SIGXCPU);
    }
}

int kill_after_refused_memory(void) {
    struct sigaction action = {.sa_handler = handle_abort};
    return sigemptyset(&action.sa_mask) == 0 && sigaction(SIGABRT, &action, NULL) == 0;
}
