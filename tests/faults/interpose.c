/* What stands between a process and its disk and clock, for tests: loaded before the C library (LD_PRELOAD).
 *
 * Under FAULTS_ROOT it keeps, in FAULTS_KEPT, what a power loss would leave: a file as it was when its last fsync
 * began, a directory's names as they were at its last fsync, each under its inode's number. Nothing else is kept, as
 * strict as POSIX allows. FAULTS_CONTROL is a file of numbers, mapped, by which a test makes trips to the disk slow or
 * fail, and sets the wall clock of this process. It must never make a failed or unfinished fsync look like a good one.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

struct control {
    volatile int64_t wall_offset_seconds;
    volatile int64_t sync_delay_ms;
    volatile int64_t sync_errno;
    volatile int64_t write_errno;
    char only[96]; /* faults are for files with this in their path; empty: for all under the root */
};

static struct control *control;
static const char *root, *kept;

__attribute__((constructor)) static void begin(void) {
    root = getenv("FAULTS_ROOT");
    kept = getenv("FAULTS_KEPT");
    int file = open(getenv("FAULTS_CONTROL") ? getenv("FAULTS_CONTROL") : "", O_RDWR | O_CLOEXEC);
    if (root == NULL || kept == NULL || file < 0) abort();
    void *mapped = mmap(NULL, sizeof(struct control), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (mapped == MAP_FAILED) abort();
    control = mapped;
    close(file);
}

/* The path of a descriptor, when it is under the root. */
static int ours(int file, char *path) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    if (length < 0) return 0;
    path[length] = 0;
    size_t prefix = strlen(root);
    return strncmp(path, root, prefix) == 0 && (path[prefix] == '/' || path[prefix] == 0);
}

static int concerned(const char *path) {
    return control->only[0] == 0 || strstr(path, control->only) != NULL;
}

static void keep_names(const char *path, int out) {
    DIR *directory = opendir(path);
    if (directory == NULL) abort();
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;)
        if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
            dprintf(out, "%lu %s\n", (unsigned long)entry->d_ino, entry->d_name);
    closedir(directory);
}

static void keep_bytes(const char *path, int out, off_t size) {
    static char buffer[1 << 16]; /* guarded by the caller's lock */
    int in = open(path, O_RDONLY | O_CLOEXEC);
    if (in < 0) return; /* its name is gone already: nobody will look for it */
    while (size > 0) {
        ssize_t got = read(in, buffer, size < (off_t)sizeof buffer ? (size_t)size : sizeof buffer);
        if (got <= 0) break;
        if (syscall(SYS_write, out, buffer, got) != got) abort();
        size -= got;
    }
    close(in);
}

/* Whole or not at all: the process may be killed at any moment. */
static void keep(const char *path, const struct stat *as) {
    static int lock;
    char name[PATH_MAX], temporary[PATH_MAX + sizeof ".new"];
    while (__atomic_exchange_n(&lock, 1, __ATOMIC_ACQUIRE)) usleep(50);
    snprintf(name, sizeof name, "%s/%lu", kept, (unsigned long)as->st_ino);
    snprintf(temporary, sizeof temporary, "%s.new", name);
    int out = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (out < 0) abort();
    if (S_ISDIR(as->st_mode)) keep_names(path, out);
    else keep_bytes(path, out, as->st_size);
    close(out);
    if (rename(temporary, name) != 0) abort();
    __atomic_store_n(&lock, 0, __ATOMIC_RELEASE);
}

static int synced(int file, long call) {
    char path[PATH_MAX];
    struct stat as;
    if (!ours(file, path)) return (int)syscall(call, file);
    if (fstat(file, &as) != 0) return -1;
    if (concerned(path) && control->sync_delay_ms > 0) usleep((useconds_t)(control->sync_delay_ms * 1000));
    if (concerned(path) && control->sync_errno != 0) {
        errno = (int)control->sync_errno;
        return -1;
    }
    if (syscall(call, file) != 0) return -1;
    keep(path, &as);
    return 0;
}

int fsync(int file) { return synced(file, SYS_fsync); }
int fdatasync(int file) { return synced(file, SYS_fdatasync); }

static int refused(int file) {
    char path[PATH_MAX];
    if (control->write_errno == 0 || !ours(file, path) || !concerned(path)) return 0;
    errno = (int)control->write_errno;
    return 1;
}

ssize_t write(int file, const void *data, size_t size) {
    return refused(file) ? -1 : syscall(SYS_write, file, data, size);
}

ssize_t pwrite64(int file, const void *data, size_t size, off64_t at) {
    return refused(file) ? -1 : syscall(SYS_pwrite64, file, data, size, at);
}

ssize_t pwrite(int file, const void *data, size_t size, off_t at) { return pwrite64(file, data, size, at); }

int clock_gettime(clockid_t clock, struct timespec *now) {
    static int (*real)(clockid_t, struct timespec *);
    if (real == NULL) real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int failed = real(clock, now);
    if (!failed && control != NULL && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        now->tv_sec += control->wall_offset_seconds;
    return failed;
}
