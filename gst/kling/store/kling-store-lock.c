/* klinglipsync: the locks of a store
 *
 * flock() on files that are never renamed or removed. It keeps two elements of
 * one process apart like two processes, because each opens the file anew, and a
 * process that dies lets go. The file says who holds the lock, for people. Any
 * thread.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "kling-store-private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kling-url.h"

#define MAX_HOLDER 80

static gchar *
read_holder (gint fd)
{
  gchar text[MAX_HOLDER + 1] = "";
  g_autofree gchar *clean = NULL;

  /* whoever has just got the lock has not written yet */
  if (pread (fd, text, MAX_HOLDER, 0) > 0)
    clean = kling_text_clean (text, MAX_HOLDER);
  return clean && *clean ? g_steal_pointer (&clean)
      : g_strdup ("another process");
}

/* Best effort: nothing depends on it. */
static void
write_holder (gint fd)
{
  g_autofree gchar *text = g_strdup_printf ("process %d on %s\n", getpid (),
      g_get_host_name ());

  if (ftruncate (fd, 0) == 0 && pwrite (fd, text, strlen (text), 0) < 0)
    return;
}

/* Whether what was opened is a file, and ours */
gboolean
kling_store_check_file (const KlingStore * store, gint fd, const gchar * name,
    GError ** error)
{
  struct stat info;

  if (fstat (fd, &info) != 0)
    return kling_store_set_errno (store, name, "examined", errno, error);
  if (!S_ISREG (info.st_mode) || info.st_uid != geteuid ())
    return kling_store_set_error (store, name, "is no file of yours", error);
  return TRUE;
}

/* Returns: whether it is ours now; *@holder is set when somebody else has it */
static gboolean
lock_file (const KlingStore * store, gint fd, const gchar * name,
    gchar ** holder, GError ** error)
{
  gint result;

  do {
    result = flock (fd, LOCK_EX | LOCK_NB);
  } while (result != 0 && errno == EINTR);
  if (result == 0) {
    write_holder (fd);
    return TRUE;
  }
  if (errno != EWOULDBLOCK)
    return kling_store_set_errno (store, name, "locked", errno, error);
  if (holder)
    *holder = read_holder (fd);
  return FALSE;
}

/**
 * kling_store_try_lock:
 * @store: a store
 * @name: name of the lock's file in @store
 * @holder: (out) (optional) (transfer full) (nullable): who has it, in words,
 *   when somebody else has
 * @error: set to a %KLING_ERROR_LOCAL, not when somebody else has it
 *
 * Does not wait.
 *
 * Returns: the lock, for kling_store_unlock(), or -1
 */
gint
kling_store_try_lock (KlingStore * store, const gchar * name, gchar ** holder,
    GError ** error)
{
  gint fd = openat (store->fd, name,
      O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600);

  if (holder)
    *holder = NULL;
  if (fd < 0) {
    kling_store_set_errno (store, name, "opened", errno, error);
    return -1;
  }
  if (kling_store_check_file (store, fd, name, error)
      && lock_file (store, fd, name, holder, error))
    return fd;
  close (fd);
  return -1;
}

/**
 * kling_store_unlock:
 * @fd: what kling_store_try_lock() has returned
 *
 * Unlocks before it closes: a program that was forked meanwhile may still have
 * the file open.
 */
void
kling_store_unlock (gint fd)
{
  flock (fd, LOCK_UN);
  close (fd);
}
