/* klinglipsync tests: what a process does to a disk, and a disk that is full
 *
 * A library for LD_PRELOAD. It stands between the process and libc, for what is
 * below one directory and for the call that costs:
 *
 *   KLING_SHIM_DIR=DIR    the directory
 *   KLING_SHIM_LOG=FILE   a line for each call; FILE is not below DIR
 *   KLING_SHIM_CREATE=P   the path of the call that costs
 *   KLING_SHIM_FAIL=N     the Nth call that can fail so fails with ENOSPC
 *   KLING_SHIM_FAIL=N+    that one and all after it
 *
 * The log has "NUMBER CALL PATH", and "NUMBER rename FROM TO", in the order in
 * which calls begin; NUMBER counts those that can fail for want of space, and is
 * 0 for others. "!CALL" was made to fail. "0 post -" is the first byte of the
 * call that costs.
 *
 * Makes the system calls itself. Runs on any thread; the log is appended to with one write a line.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Both of open() and open64(), each by its own name */
#undef _FILE_OFFSET_BITS
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

/* Some are declared above and some are not. */
#pragma GCC diagnostic ignored "-Wredundant-decls"

#define EXPORT __attribute__ ((visibility ("default")))

static atomic_long counted;

/* ---- the log ---- */

static void
tell (long number, const char *call, const char *first, const char *second)
{
  const char *path = getenv ("KLING_SHIM_LOG");
  char line[3 * PATH_MAX];
  int length, fd;

  if (path == NULL)
    return;
  length = snprintf (line, sizeof line, "%ld %s %s%s%s\n", number, call, first,
      second ? " " : "", second ? second : "");
  fd = (int) syscall (SYS_openat, AT_FDCWD, path,
      O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0)
    return;
  syscall (SYS_write, fd, line, length);
  syscall (SYS_close, fd);
}

/* Returns: whether the call that has this number is to fail */
static int
is_wanted (long number)
{
  const char *wish = getenv ("KLING_SHIM_FAIL");
  char *end;
  long first = wish ? strtol (wish, &end, 10) : 0;

  return first > 0 && (number == first || (*end == '+' && number > first));
}

/* Counts and tells a call that can fail for want of space.
 * Returns: whether it does */
static int
fails (const char *call, const char *first, const char *second)
{
  long number = atomic_fetch_add (&counted, 1) + 1;
  char failed[32];

  if (!is_wanted (number)) {
    tell (number, call, first, second);
    return 0;
  }
  snprintf (failed, sizeof failed, "!%s", call);
  tell (number, failed, first, second);
  errno = ENOSPC;
  return 1;
}

/* ---- what is below the directory ---- */

static int
is_below (const char *path)
{
  const char *directory = getenv ("KLING_SHIM_DIR");
  size_t length = directory ? strlen (directory) : 0;

  return length > 0 && strncmp (path, directory, length) == 0
      && (path[length] == '/' || path[length] == '\0' || path[length] == ' ');
}

/* Returns: whether @fd is something below the directory; its path is then in
 * @path, which has PATH_MAX bytes */
static int
find_fd (int fd, char *path)
{
  char link[64];
  ssize_t length;

  snprintf (link, sizeof link, "/proc/self/fd/%d", fd);
  length = readlink (link, path, PATH_MAX - 1);
  if (length < 0)
    return 0;
  path[length] = '\0';
  return is_below (path);
}

/* Likewise for a name that is relative to the directory @fd */
static int
find_name (int fd, const char *name, char *path)
{
  char directory[PATH_MAX];

  if (name[0] == '/' || fd == AT_FDCWD)
    snprintf (path, PATH_MAX, "%s", name);
  else if (find_fd (fd, directory))
    snprintf (path, PATH_MAX, "%.*s/%.*s", PATH_MAX / 2, directory,
        PATH_MAX / 2 - 2, name);
  else
    return 0;
  return is_below (path);
}

/* ---- files ---- */

static int
open_any (int fd, const char *name, int flags, mode_t mode)
{
  char path[PATH_MAX];

  if (find_name (fd, name, path) && (flags & O_CREAT)
      && fails (flags & O_EXCL ? "create" : "open", path, NULL))
    return -1;
  return (int) syscall (SYS_openat, fd, name, flags, mode);
}

static mode_t
take_mode (int flags, va_list args)
{
  return flags & (O_CREAT | __O_TMPFILE) ? va_arg (args, mode_t) : 0;
}

#define DEFINE_OPEN(name) \
EXPORT int name (const char *path, int flags, ...); \
EXPORT int \
name (const char *path, int flags, ...) \
{ \
  va_list args; \
  mode_t mode; \
\
  va_start (args, flags); \
  mode = take_mode (flags, args); \
  va_end (args); \
  return open_any (AT_FDCWD, path, flags, mode); \
}

#define DEFINE_OPENAT(name) \
EXPORT int name (int fd, const char *path, int flags, ...); \
EXPORT int \
name (int fd, const char *path, int flags, ...) \
{ \
  va_list args; \
  mode_t mode; \
\
  va_start (args, flags); \
  mode = take_mode (flags, args); \
  va_end (args); \
  return open_any (fd, path, flags, mode); \
}

/* What programs call depends on how they were compiled. */
DEFINE_OPEN (open);
DEFINE_OPEN (open64);
DEFINE_OPEN (__open_2);
DEFINE_OPEN (__open64_2);
DEFINE_OPENAT (openat);
DEFINE_OPENAT (openat64);
DEFINE_OPENAT (__openat_2);
DEFINE_OPENAT (__openat64_2);

static int
is_full (int fd, const char *call)
{
  char path[PATH_MAX];

  return find_fd (fd, path) && fails (call, path, NULL);
}

#define DEFINE_PWRITE(name) \
EXPORT ssize_t name (int fd, const void *data, size_t size, off64_t offset); \
EXPORT ssize_t \
name (int fd, const void *data, size_t size, off64_t offset) \
{ \
  if (is_full (fd, "write")) \
    return -1; \
  return syscall (SYS_pwrite64, fd, data, size, offset); \
}

DEFINE_PWRITE (pwrite);
DEFINE_PWRITE (pwrite64);

#define DEFINE_TRUNCATE(name) \
EXPORT int name (int fd, off64_t length); \
EXPORT int \
name (int fd, off64_t length) \
{ \
  if (is_full (fd, "truncate")) \
    return -1; \
  return (int) syscall (SYS_ftruncate, fd, length); \
}

DEFINE_TRUNCATE (ftruncate);
DEFINE_TRUNCATE (ftruncate64);

/* Unlike the others it returns what would be in errno. */
#define DEFINE_ALLOCATE(name) \
EXPORT int name (int fd, off64_t offset, off64_t length); \
EXPORT int \
name (int fd, off64_t offset, off64_t length) \
{ \
  if (is_full (fd, "allocate")) \
    return ENOSPC; \
  return syscall (SYS_fallocate, fd, 0, offset, length) == 0 ? 0 : errno; \
}

DEFINE_ALLOCATE (posix_fallocate);
DEFINE_ALLOCATE (posix_fallocate64);

#define DEFINE_FALLOCATE(name) \
EXPORT int name (int fd, int mode, off64_t offset, off64_t length); \
EXPORT int \
name (int fd, int mode, off64_t offset, off64_t length) \
{ \
  if (is_full (fd, "allocate")) \
    return -1; \
  return (int) syscall (SYS_fallocate, fd, mode, offset, length); \
}

DEFINE_FALLOCATE (fallocate);
DEFINE_FALLOCATE (fallocate64);

#define DEFINE_SYNC(name, call) \
EXPORT int name (int fd); \
EXPORT int \
name (int fd) \
{ \
  if (is_full (fd, "sync")) \
    return -1; \
  return (int) syscall (call, fd); \
}

DEFINE_SYNC (fsync, SYS_fsync);
DEFINE_SYNC (fdatasync, SYS_fdatasync);

/* ---- directories ---- */

EXPORT int
renameat (int old_fd, const char *old_name, int new_fd, const char *new_name)
{
  char from[PATH_MAX], to[PATH_MAX];

  find_name (old_fd, old_name, from);
  if (find_name (new_fd, new_name, to) && fails ("rename", from, to))
    return -1;
  return (int) syscall (SYS_renameat2, old_fd, old_name, new_fd, new_name, 0);
}

EXPORT int
rename (const char *old_name, const char *new_name)
{
  return renameat (AT_FDCWD, old_name, AT_FDCWD, new_name);
}

EXPORT int
linkat (int old_fd, const char *old_name, int new_fd, const char *new_name,
    int flags)
{
  char from[PATH_MAX], to[PATH_MAX];

  if (!find_name (old_fd, old_name, from))
    snprintf (from, sizeof from, "%s", old_name);
  if (find_name (new_fd, new_name, to) && fails ("link", from, to))
    return -1;
  return (int) syscall (SYS_linkat, old_fd, old_name, new_fd, new_name, flags);
}

EXPORT int
link (const char *old_name, const char *new_name)
{
  return linkat (AT_FDCWD, old_name, AT_FDCWD, new_name, 0);
}

EXPORT int
unlinkat (int fd, const char *name, int flags)
{
  char path[PATH_MAX];

  if (find_name (fd, name, path))
    tell (0, "unlink", path, NULL);
  return (int) syscall (SYS_unlinkat, fd, name, flags);
}

EXPORT int
unlink (const char *name)
{
  return unlinkat (AT_FDCWD, name, 0);
}

EXPORT int
mkdirat (int fd, const char *name, mode_t mode)
{
  char path[PATH_MAX];

  if (find_name (fd, name, path) && fails ("mkdir", path, NULL))
    return -1;
  return (int) syscall (SYS_mkdirat, fd, name, mode);
}

EXPORT int
mkdir (const char *name, mode_t mode)
{
  return mkdirat (AT_FDCWD, name, mode);
}

/* ---- the call that costs ---- */

static void
look (const void *data, size_t size)
{
  const char *path = getenv ("KLING_SHIM_CREATE");
  size_t length = path ? strlen (path) : 0;

  if (length > 0 && size > 6 + length && memcmp (data, "POST /", 6) == 0
      && memcmp ((const char *) data + 5, path, length) == 0
      && ((const char *) data)[5 + length] == ' ')
    tell (0, "post", "-", NULL);
}

static void
look_at_parts (const struct iovec *parts, size_t n)
{
  if (n > 0)
    look (parts[0].iov_base, parts[0].iov_len);
}

EXPORT ssize_t
write (int fd, const void *data, size_t size)
{
  look (data, size);
  if (is_full (fd, "write"))
    return -1;
  return syscall (SYS_write, fd, data, size);
}

EXPORT ssize_t
writev (int fd, const struct iovec *parts, int n)
{
  look_at_parts (parts, n > 0 ? (size_t) n : 0);
  if (is_full (fd, "write"))
    return -1;
  return syscall (SYS_writev, fd, parts, n);
}

EXPORT ssize_t
sendto (int fd, const void *data, size_t size, int flags,
    const struct sockaddr *to, socklen_t to_size)
{
  look (data, size);
  return syscall (SYS_sendto, fd, data, size, flags, to, to_size);
}

EXPORT ssize_t
send (int fd, const void *data, size_t size, int flags)
{
  return sendto (fd, data, size, flags, NULL, 0);
}

EXPORT ssize_t
sendmsg (int fd, const struct msghdr *message, int flags)
{
  look_at_parts (message->msg_iov, message->msg_iovlen);
  return syscall (SYS_sendmsg, fd, message, flags);
}
