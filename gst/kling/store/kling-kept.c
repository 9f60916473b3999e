/* klinglipsync: finished videos in a store, and those on their way there
 *
 * A download is written to KEY.part. When it is whole it becomes
 * results/SHA256.mp4, in one step and only after its bytes are on the disk: so
 * what stands there is whole, or the disk is damaged, which its sum shows. It is
 * never written again, only removed.
 *
 * Who reads a video holds LOCK_SH on the file, as long as the spool lives; who
 * wants to remove it needs LOCK_EX and does not wait for it. KEY.part has no lock
 * of its own: who holds the record's writes it.
 *
 * On the job's thread; nothing here is shared but the files.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* dup3() */
#define _GNU_SOURCE

#include "kling-kept.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <glib/gstdio.h>

#include "kling-clock.h"
#include "kling-error.h"
#include "kling-log.h"

#define WHAT "result"
#define SUFFIX ".mp4"
#define SHA256_DIGITS 64
/* More files than that nobody has paid for. */
#define MAX_LISTED 100000
#define BOOT_ID "/proc/sys/kernel/random/boot_id"
#define BOOT_ID_DIGITS 36

/**
 * kling_kept_free:
 * @kept: (transfer full): a finished video, as listed
 */
void
kling_kept_free (KlingKept * kept)
{
  g_free (kept->sha256);
  g_free (kept);
}

/* Names come from records and directories, and become part of a path. */
static gboolean
is_sha256 (const gchar * text)
{
  return text && strlen (text) == SHA256_DIGITS
      && strspn (text, "0123456789abcdef") == SHA256_DIGITS;
}

static gboolean
set_error (GError ** error, const gchar * path, const gchar * what,
    const gchar * advice)
{
  g_set_error (error, KLING_ERROR, KLING_ERROR_LOCAL, "\"%s\" %s. %s", path,
      what, advice);
  return FALSE;
}

static gboolean
set_errno (GError ** error, const gchar * path, const gchar * what, gint code)
{
  g_autofree gchar *text = NULL;

  if (code == ELOOP)
    return set_error (error, path, "is a symbolic link, and nothing was read"
        " or written through it", "Remove it, or set the property store to"
        " another directory.");
  text = g_strdup_printf ("%s: %s", what, g_strerror (code));
  return set_error (error, path, text, code == ENOSPC || code == EDQUOT ?
      "Make room there, or set the property store to a directory that has it." :
      "See that this user may write there, or set the property store to another"
      " directory.");
}

static void
close_if_open (gint fd)
{
  if (fd >= 0)
    close (fd);
}

/* Whether what was opened at @path is a @type of ours that nobody else can
 * change. */
static gboolean
check_ours (gint fd, const gchar * path, mode_t type, struct stat *info,
    GError ** error)
{
  if (fstat (fd, info) < 0)
    return set_errno (error, path, "cannot be looked at", errno);
  if ((info->st_mode & S_IFMT) != type)
    return set_error (error, path, type == S_IFDIR ? "is no directory"
        : "is no regular file", "Remove it, or set the property store to"
        " another directory.");
  if (info->st_uid != geteuid ())
    return set_error (error, path, "belongs to another user", "Each user needs"
        " a store of their own: set the property store to another directory.");
  if (info->st_mode & (S_IWGRP | S_IWOTH))
    return set_error (error, path, "can be written by others, who may have"
        " changed it", "Take that right away (chmod go-w), if you trust what is"
        " there; else remove it.");
  return TRUE;
}

/* Opens @path, of which @name is what comes after @directory. Returns: a file
 * descriptor, -1 with an error, or without one when there is no such file */
static gint
open_ours (gint directory, const gchar * name, const gchar * path, gint flags,
    mode_t type, struct stat *info, GError ** error)
{
  /* O_NONBLOCK: whoever put a pipe there must not make us wait for its end. */
  gint fd = openat (directory, name,
      flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600);

  if (fd < 0) {
    if (errno != ENOENT)
      set_errno (error, path, "cannot be opened", errno);
    return -1;
  }
  if (check_ours (fd, path, type, info, error))
    return fd;
  close (fd);
  return -1;
}

/* Opens the directory of videos, which must not lead elsewhere. Returns: as
 * open_ours() */
static gint
open_results (KlingStore * store, GError ** error)
{
  g_autofree gchar *path = g_build_filename (kling_store_get_path (store),
      KLING_STORE_RESULTS, NULL);
  struct stat info;

  return open_ours (AT_FDCWD, path, path, O_RDONLY, S_IFDIR, &info, error);
}

/**
 * kling_kept_dup_path:
 * @store: a store
 * @sha256: a sum
 *
 * Returns: (transfer full) (nullable): where that video is, if it is kept;
 *   %NULL when @sha256 is no sum
 */
gchar *
kling_kept_dup_path (KlingStore * store, const gchar * sha256)
{
  g_autofree gchar *name = NULL;

  if (!is_sha256 (sha256))
    return NULL;
  name = g_strconcat (sha256, SUFFIX, NULL);
  return g_build_filename (kling_store_get_path (store), KLING_STORE_RESULTS,
      name, NULL);
}

/* Opens the video that is at @path, in @directory. Returns: as open_ours() */
static gint
open_video (KlingStore * store, const gchar * path, gint * directory,
    struct stat *info, GError ** error)
{
  *directory = open_results (store, error);
  if (*directory < 0)
    return -1;
  return open_ours (*directory, strrchr (path, '/') + 1, path, O_RDONLY,
      S_IFREG, info, error);
}

/* Whoever is about to remove it holds LOCK_EX, or has removed it already. */
static gboolean
lock_for_reading (gint fd)
{
  struct stat info;

  return flock (fd, LOCK_SH | LOCK_NB) == 0 && fstat (fd, &info) == 0
      && info.st_nlink > 0;
}

/* Returns: (nullable): the file as a spool, if its bytes are those of @sha256 */
static KlingSpool *
read_whole (const gchar * path, gint fd, const gchar * sha256, GError ** error)
{
  g_autoptr (KlingSpool) spool =
      kling_spool_new_for_file (WHAT, path, fd, error);

  if (spool == NULL || !kling_spool_finish (spool, error))
    return NULL;
  if (g_str_equal (kling_spool_get_sha256 (spool), sha256))
    return g_steal_pointer (&spool);
  KLING_WARNING ("\"%s\" is damaged: its bytes are not those that were kept. It"
      " is not played; the video is fetched again, which costs nothing.", path);
  return NULL;
}

/**
 * kling_kept_open:
 * @store: a store
 * @sha256: by which the video is known
 * @error: return location for a %KLING_ERROR_LOCAL
 *
 * Reads all of it, to see whether it is what was kept. As long as the spool
 * lives it is not removed. Its time says that it was played now.
 *
 * Returns: (transfer full) (nullable): a finished spool; %NULL without an error
 *   when the video is not there or is damaged, with one when something else
 *   stands in its place or the disk fails
 */
KlingSpool *
kling_kept_open (KlingStore * store, const gchar * sha256, GError ** error)
{
  g_autofree gchar *path = kling_kept_dup_path (store, sha256);
  KlingSpool *spool;
  struct stat info;
  gint directory, fd;

  if (path == NULL)
    return NULL;
  fd = open_video (store, path, &directory, &info, error);
  close_if_open (directory);
  if (fd < 0)
    return NULL;
  if (info.st_size > KLING_SPOOL_MAX || !lock_for_reading (fd)) {
    close (fd);
    return NULL;
  }
  spool = read_whole (path, fd, sha256, error);
  if (spool && futimens (fd, NULL) < 0)
    KLING_DEBUG ("%s: its time cannot be set: %s", path, g_strerror (errno));
  return spool;
}

/**
 * kling_kept_open_part:
 * @store: a store
 * @key: of the record, which the caller holds
 * @trust: what is there already may be gone on with
 * @error: return location for a %KLING_ERROR_LOCAL
 *
 * Bytes are to be trusted only when this run of the machine wrote them, see
 * kling_kept_dup_boot_id(): they were not flushed.
 *
 * Returns: (transfer full) (nullable): a spool of KEY.part that can be written
 */
KlingSpool *
kling_kept_open_part (KlingStore * store, const gchar * key, gboolean trust,
    GError ** error)
{
  g_autofree gchar *path = kling_store_dup_file (store, key,
      KLING_STORE_PART);
  g_autoptr (GError) cause = NULL;
  struct stat info;
  gint fd = open_ours (AT_FDCWD, path, path, O_RDWR | O_CREAT, S_IFREG, &info,
      &cause);

  if (fd < 0) {
    if (cause == NULL)
      set_errno (&cause, path, "cannot be made", ENOENT);
    g_propagate_error (error, g_steal_pointer (&cause));
    return NULL;
  }
  if ((!trust || info.st_size > KLING_SPOOL_MAX) && ftruncate (fd, 0) < 0) {
    set_errno (error, path, "cannot be emptied", errno);
    close (fd);
    return NULL;
  }
  return kling_spool_new_for_file (WHAT, path, fd, error);
}

static gboolean
flush (gint fd, const gchar * path, GError ** error)
{
  return fsync (fd) == 0
      || set_errno (error, path, "cannot be written to the disk", errno);
}

static gboolean
flush_store (KlingStore * store, GError ** error)
{
  const gchar *path = kling_store_get_path (store);
  gint fd = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  gboolean done = fd >= 0 ? flush (fd, path, error)
      : set_errno (error, path, "cannot be opened", errno);

  close_if_open (fd);
  return done;
}

/* Returns: the directory of videos, -1 with an error */
static gint
make_results (KlingStore * store, GError ** error)
{
  g_autofree gchar *path = g_build_filename (kling_store_get_path (store),
      KLING_STORE_RESULTS, NULL);
  g_autoptr (GError) cause = NULL;
  gint fd;

  if (g_mkdir (path, 0700) < 0 && errno != EEXIST) {
    set_errno (error, path, "cannot be made", errno);
    return -1;
  }
  fd = open_results (store, &cause);
  if (fd < 0 && cause == NULL)
    set_errno (&cause, path, "cannot be opened", ENOENT);
  if (cause)
    g_propagate_error (error, g_steal_pointer (&cause));
  return fd;
}

/* The same video is kept already: the spool becomes one of that file, with its
 * lock, and the part is not needed. */
static gboolean
use_kept (KlingSpool * part, KlingSpool * kept, const gchar * from,
    const gchar * to, GError ** error)
{
  if (dup3 (kling_spool_get_fd (kept), kling_spool_get_fd (part),
          O_CLOEXEC) < 0)
    return set_errno (error, to, "cannot be kept open", errno);
  kling_spool_set_path (part, to);
  if (g_unlink (from) < 0)
    KLING_WARNING ("\"%s\" cannot be removed (%s). It is not needed: the same"
        " video is kept in \"%s\".", from, g_strerror (errno), to);
  return TRUE;
}

/* From the new name on everybody can see it, and nobody shall remove it yet. */
static gboolean
move (KlingStore * store, KlingSpool * part, const gchar * from,
    gint results, const gchar * to, GError ** error)
{
  if (flock (kling_spool_get_fd (part), LOCK_SH | LOCK_NB) < 0)
    return set_errno (error, from, "cannot be locked", errno);
  if (renameat (AT_FDCWD, from, results, strrchr (to, '/') + 1) < 0)
    return set_errno (error, to, "cannot be put there", errno);
  kling_test_point ("result-renamed");
  kling_spool_set_path (part, to);
  return flush (results, to, error) && flush_store (store, error);
}

/* Puts @part, whose bytes are on the disk, at @to. */
static gboolean
put (KlingStore * store, KlingSpool * part, const gchar * from,
    const gchar * to, GError ** error)
{
  g_autoptr (GError) cause = NULL;
  gint results = make_results (store, error);
  g_autoptr (KlingSpool) kept = NULL;
  gboolean done = FALSE;

  if (results < 0)
    return FALSE;
  kept = kling_kept_open (store, kling_spool_get_sha256 (part), &cause);
  if (cause)
    g_propagate_error (error, g_steal_pointer (&cause));
  else if (kept)
    done = use_kept (part, kept, from, to, error);
  else
    done = move (store, part, from, results, to, error);
  close (results);
  return done;
}

/**
 * kling_kept_publish:
 * @store: a store
 * @key: of the record, which the caller holds
 * @part: a finished spool of kling_kept_open_part(), not handed out yet
 * @error: return location for a %KLING_ERROR_LOCAL
 *
 * Makes KEY.part a video of the store, when it returns on the disk as well. What
 * kling_kept_open() says of @part holds from now on. After an error @part can be
 * read all the same; it may have its new name already.
 *
 * Returns: whether it is kept
 */
gboolean
kling_kept_publish (KlingStore * store, const gchar * key, KlingSpool * part,
    GError ** error)
{
  const gchar *sha256 = kling_spool_get_sha256 (part);
  g_autofree gchar *from = kling_store_dup_file (store, key,
      KLING_STORE_PART);
  g_autofree gchar *to = kling_kept_dup_path (store, sha256);

  g_return_val_if_fail (to != NULL && kling_spool_get_fd (part) >= 0, FALSE);

  if (!flush (kling_spool_get_fd (part), from, error))
    return FALSE;
  kling_test_point ("result-flushed");
  return put (store, part, from, to, error);
}

/* Returns: (nullable): the video whose file is called @name */
static KlingKept *
look_at (gint directory, const gchar * name)
{
  g_autofree gchar *sha256 = NULL;
  struct stat info;
  KlingKept *kept;

  if (!g_str_has_suffix (name, SUFFIX))
    return NULL;
  sha256 = g_strndup (name, strlen (name) - strlen (SUFFIX));
  if (!is_sha256 (sha256)
      || fstatat (directory, name, &info, AT_SYMLINK_NOFOLLOW) < 0
      || !S_ISREG (info.st_mode) || info.st_uid != geteuid ())
    return NULL;
  kept = g_new0 (KlingKept, 1);
  kept->sha256 = g_steal_pointer (&sha256);
  kept->size = info.st_size;
  kept->played_at = info.st_mtim.tv_sec * G_USEC_PER_SEC
      + info.st_mtim.tv_nsec / 1000;
  return kept;
}

/**
 * kling_kept_list:
 * @store: a store
 *
 * What is in the directory of videos and is none is left alone.
 *
 * Returns: (transfer full) (element-type KlingKept): all that are kept, in no
 *   order
 */
GPtrArray *
kling_kept_list (KlingStore * store)
{
  GPtrArray *list = g_ptr_array_new_with_free_func
      ((GDestroyNotify) kling_kept_free);
  g_autoptr (GError) error = NULL;
  gint fd = open_results (store, &error);
  DIR *directory = fd < 0 ? NULL : fdopendir (fd);
  struct dirent *entry;

  if (error)
    KLING_WARNING ("%s", error->message);
  if (directory == NULL)
    close_if_open (fd);
  while (directory && list->len < MAX_LISTED && (entry = readdir (directory))) {
    KlingKept *kept = look_at (fd, entry->d_name);

    if (kept)
      g_ptr_array_add (list, kept);
  }
  if (directory)
    closedir (directory);
  return list;
}

/**
 * kling_kept_remove:
 * @store: a store
 * @sha256: by which the video is known
 *
 * Returns: whether it is not there any more; %FALSE when somebody reads it, and
 *   with a warning when it cannot be removed
 */
gboolean
kling_kept_remove (KlingStore * store, const gchar * sha256)
{
  g_autofree gchar *path = kling_kept_dup_path (store, sha256);
  g_autoptr (GError) error = NULL;
  struct stat info;
  gint directory, fd;
  gboolean done;

  if (path == NULL)
    return TRUE;
  fd = open_video (store, path, &directory, &info, &error);
  done = fd < 0 ? error == NULL : flock (fd, LOCK_EX | LOCK_NB) == 0;
  if (fd >= 0 && done && unlinkat (directory, strrchr (path, '/') + 1, 0) < 0) {
    set_errno (&error, path, "cannot be removed", errno);
    done = FALSE;
  }
  if (error)
    KLING_WARNING ("%s", error->message);
  close_if_open (fd);
  close_if_open (directory);
  return done;
}

/**
 * kling_kept_dup_boot_id:
 *
 * In which run of this machine we are. What was written in an earlier one and
 * not flushed may be lost or zeros, whatever the size of its file says.
 *
 * Returns: (transfer full) (nullable): an id, %NULL when the system has none
 */
gchar *
kling_kept_dup_boot_id (void)
{
  gchar text[BOOT_ID_DIGITS + 1] = { 0 };
  gint fd = open (BOOT_ID, O_RDONLY | O_CLOEXEC);
  gssize size = fd < 0 ? -1 : read (fd, text, BOOT_ID_DIGITS);

  if (fd >= 0)
    close (fd);
  return size == BOOT_ID_DIGITS && g_uuid_string_is_valid (text)
      ? g_strdup (text) : NULL;
}
