/* klinglipsync: the local copy of a file, on its way in or out
 *
 * A result is kept whole before its first byte goes downstream, so that its
 * size is exact, it can be sought in, and no network fault can break a stream
 * that is on air. What comes in through a sink pad is kept whole because it is
 * checked before it is sent, and may have to be sent twice. Small files stay in
 * memory; larger ones have no name, so that nothing is left behind however the
 * process ends. A file of a store has one, because it is to be left behind
 * (kling-kept.c).
 *
 * One thread at a time writes and finishes. No lock is needed: a finished spool
 * never changes, and whoever hands it to another thread does so under a lock of
 * its own.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "kling-spool.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <glib/gstdio.h>

#include "kling-error.h"

/* What is read at once for a sum */
#define SUM_BLOCK (256 * 1024)

struct _KlingSpool
{
  gatomicrefcount refs;
  const gchar *what;
  gchar *path;                  /* NULL when the file has no name */

  GByteArray *memory;           /* NULL once the bytes are in the file */
  gint fd;                      /* -1 while they are in memory */
  goffset size;

  GChecksum *checksum;          /* NULL once finished, or written over */
  gchar *sha256;                /* NULL until then */
};

static KlingSpool *
create (const gchar * what)
{
  KlingSpool *spool = g_new0 (KlingSpool, 1);

  g_atomic_ref_count_init (&spool->refs);
  spool->what = what;
  spool->fd = -1;
  return spool;
}

/**
 * kling_spool_new:
 * @what: a static word for what is kept, as "result"
 *
 * Returns: (transfer full): an empty spool
 */
KlingSpool *
kling_spool_new (const gchar * what)
{
  KlingSpool *spool = create (what);

  spool->memory = g_byte_array_new ();
  spool->checksum = g_checksum_new (G_CHECKSUM_SHA256);
  return spool;
}

/**
 * kling_spool_ref:
 * @spool: a spool
 *
 * Returns: (transfer full): @spool
 */
KlingSpool *
kling_spool_ref (KlingSpool * spool)
{
  g_atomic_ref_count_inc (&spool->refs);
  return spool;
}

/**
 * kling_spool_unref:
 * @spool: (transfer full): a spool
 *
 * The last reference takes the bytes with it.
 */
void
kling_spool_unref (KlingSpool * spool)
{
  if (!g_atomic_ref_count_dec (&spool->refs))
    return;
  g_clear_pointer (&spool->memory, g_byte_array_unref);
  if (spool->fd >= 0)
    close (spool->fd);
  g_clear_pointer (&spool->checksum, g_checksum_free);
  g_free (spool->sha256);
  g_free (spool->path);
  g_free (spool);
}

/* Where it is, for people */
static const gchar *
get_place (const KlingSpool * spool)
{
  return spool->path ? spool->path : g_get_tmp_dir ();
}

static void
set_disk_error (const KlingSpool * spool, gint code, GError ** error)
{
  g_set_error (error, KLING_ERROR, KLING_ERROR_LOCAL,
      "The %s cannot be kept in \"%s\": %s. Make room there, or set %s to a"
      " directory that has it.", spool->what, get_place (spool),
      g_strerror (code), spool->path ? "the property store" : "TMPDIR");
}

/* g_file_open_tmp() of GLib 2.74 sets no O_CLOEXEC, and a program that is
 * started meanwhile must not keep gigabytes alive. */
static gint
open_unnamed_file (const KlingSpool * spool, GError ** error)
{
  g_autofree gchar *path =
      g_build_filename (g_get_tmp_dir (), "klinglipsync-XXXXXX", NULL);
  gint fd = g_mkstemp_full (path, O_RDWR | O_CLOEXEC, 0600);

  if (fd < 0)
    set_disk_error (spool, errno, error);
  else
    g_unlink (path);
  return fd;
}

static gboolean
write_file (const KlingSpool * spool, gint fd, goffset offset,
    const guint8 * data, gsize size, GError ** error)
{
  while (size > 0) {
    gssize n = pwrite (fd, data, size, offset);

    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0) {
      set_disk_error (spool, n < 0 ? errno : ENOSPC, error);
      return FALSE;
    }
    data += n;
    size -= n;
    offset += n;
  }
  return TRUE;
}

/* Moves everything from memory to the file. */
static gboolean
spill (KlingSpool * spool, GError ** error)
{
  gint fd = open_unnamed_file (spool, error);

  if (fd < 0)
    return FALSE;
  if (!write_file (spool, fd, 0, spool->memory->data, spool->memory->len,
          error)) {
    close (fd);
    return FALSE;
  }
  spool->fd = fd;
  g_clear_pointer (&spool->memory, g_byte_array_unref);
  return TRUE;
}

static void
write_memory (KlingSpool * spool, goffset offset, const guint8 * data,
    gsize size)
{
  guint old = spool->memory->len;

  if (offset + size > old)
    g_byte_array_set_size (spool->memory, (guint) (offset + size));
  if (offset > old)
    memset (spool->memory->data + old, 0, (gsize) (offset - old));
  memcpy (spool->memory->data + offset, data, size);
}

static gboolean
store (KlingSpool * spool, goffset offset, const guint8 * data, gsize size,
    GError ** error)
{
  if (spool->memory && offset + (goffset) size > KLING_SPOOL_MEMORY
      && !spill (spool, error))
    return FALSE;
  if (spool->memory == NULL)
    return write_file (spool, spool->fd, offset, data, size, error);
  write_memory (spool, offset, data, size);
  return TRUE;
}

/**
 * kling_spool_write_at:
 * @spool: a spool that is not finished
 * @offset: where the bytes go, not negative; a gap before it becomes zeros
 * @data: the bytes
 * @size: how many
 * @error: return location
 *
 * Writes over what is there, and beyond it. After an error the spool is of no
 * use any more.
 *
 * Returns: %FALSE with %KLING_ERROR_LOCAL when the disk does not take it,
 *   %KLING_ERROR_RESULT beyond %KLING_SPOOL_MAX
 */
gboolean
kling_spool_write_at (KlingSpool * spool, goffset offset, const guint8 * data,
    gsize size, GError ** error)
{
  g_return_val_if_fail (spool->sha256 == NULL && offset >= 0, FALSE);

  if (offset > KLING_SPOOL_MAX || size > (guint64) (KLING_SPOOL_MAX - offset)) {
    g_set_error (error, KLING_ERROR, KLING_ERROR_RESULT,
        "The %s is larger than %d GiB, which no part of a lip-sync is: it was"
        " not kept.", spool->what, (gint) (KLING_SPOOL_MAX >> 30));
    return FALSE;
  }
  if (size == 0)
    return TRUE;
  if (!store (spool, offset, data, size, error))
    return FALSE;
  if (offset != spool->size)
    g_clear_pointer (&spool->checksum, g_checksum_free);
  else if (spool->checksum)
    g_checksum_update (spool->checksum, data, (gssize) size);
  spool->size = MAX (spool->size, offset + (goffset) size);
  return TRUE;
}

/**
 * kling_spool_write:
 * @spool: a spool that is not finished
 * @data: the next bytes
 * @size: how many
 * @error: return location
 *
 * Appends: kling_spool_write_at() the end.
 *
 * Returns: %FALSE as kling_spool_write_at()
 */
gboolean
kling_spool_write (KlingSpool * spool, const guint8 * data, gsize size,
    GError ** error)
{
  return kling_spool_write_at (spool, spool->size, data, size, error);
}

/**
 * kling_spool_get_fd:
 * @spool: a spool
 *
 * Returns: its file, which stays its own; -1 while its bytes are in memory
 */
gint
kling_spool_get_fd (const KlingSpool * spool)
{
  return spool->fd;
}

/**
 * kling_spool_get_size:
 * @spool: a spool
 *
 * Returns: how many bytes it has
 */
goffset
kling_spool_get_size (const KlingSpool * spool)
{
  return spool->size;
}

/**
 * kling_spool_get_sha256:
 * @spool: a spool
 *
 * Returns: (nullable) (transfer none): 64 lower-case hex digits, %NULL before
 *   kling_spool_finish()
 */
const gchar *
kling_spool_get_sha256 (const KlingSpool * spool)
{
  return spool->sha256;
}

static void
set_read_error (const KlingSpool * spool, const gchar * cause, GError ** error)
{
  g_set_error (error, KLING_ERROR, KLING_ERROR_LOCAL,
      "The %s that was kept in \"%s\" cannot be read back: %s.", spool->what,
      get_place (spool), cause);
}

static gssize
read_file (const KlingSpool * spool, goffset offset, guint8 * data, gsize size,
    GError ** error)
{
  gsize done = 0;

  while (done < size) {
    gssize n = pread (spool->fd, data + done, size - done,
        offset + (goffset) done);

    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0) {
      set_read_error (spool, n < 0 ? g_strerror (errno) : "it is cut off",
          error);
      return -1;
    }
    done += n;
  }
  return (gssize) done;
}

/**
 * kling_spool_read:
 * @spool: a finished spool
 * @offset: where to begin, not negative
 * @data: (out): where to put the bytes
 * @size: how many
 * @error: return location
 *
 * Any thread may call this, several at once too. The writer's thread may also
 * look at what is there before the spool is finished.
 *
 * Returns: how many bytes were read, fewer than @size only at the end; 0 at the
 *   end and beyond it; -1 with %KLING_ERROR_LOCAL when the disk fails
 */
gssize
kling_spool_read (const KlingSpool * spool, goffset offset, guint8 * data,
    gsize size, GError ** error)
{
  g_return_val_if_fail (offset >= 0, -1);

  if (offset >= spool->size)
    return 0;
  size = (gsize) MIN ((guint64) size, (guint64) (spool->size - offset));
  if (spool->memory == NULL)
    return read_file (spool, offset, data, size, error);
  memcpy (data, spool->memory->data + offset, size);
  return (gssize) size;
}

/* What was written over has to be read again for its sum. */
static GChecksum *
sum_up (const KlingSpool * spool, GError ** error)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  g_autofree guint8 *block = g_malloc (SUM_BLOCK);
  goffset offset = 0;

  while (offset < spool->size) {
    gssize n = kling_spool_read (spool, offset, block, SUM_BLOCK, error);

    if (n < 0)
      return NULL;
    g_checksum_update (checksum, block, n);
    offset += n;
  }
  return g_steal_pointer (&checksum);
}

/**
 * kling_spool_new_for_file:
 * @what: a static word for what is kept, as "result"
 * @path: the name of the file
 * @fd: (transfer full): the file, open for reading, and for writing if it is
 *   to be written
 * @error: return location for a %KLING_ERROR_LOCAL
 *
 * What is in the file already is the beginning; it is read for its sum. The
 * file stays when the spool goes.
 *
 * Returns: (transfer full) (nullable): a spool of that file, %NULL when it
 *   cannot be read
 */
KlingSpool *
kling_spool_new_for_file (const gchar * what, const gchar * path, gint fd,
    GError ** error)
{
  g_autoptr (KlingSpool) spool = create (what);
  struct stat info;

  spool->path = g_strdup (path);
  spool->fd = fd;
  if (fstat (fd, &info) < 0) {
    set_read_error (spool, g_strerror (errno), error);
    return NULL;
  }
  spool->size = info.st_size;
  spool->checksum = sum_up (spool, error);
  return spool->checksum ? g_steal_pointer (&spool) : NULL;
}

/**
 * kling_spool_set_path:
 * @spool: a spool of a file with a name, not handed out yet
 * @path: the name that the file has now
 */
void
kling_spool_set_path (KlingSpool * spool, const gchar * path)
{
  g_free (spool->path);
  spool->path = g_strdup (path);
}

/**
 * kling_spool_restart:
 * @spool: a spool that is not finished
 * @error: return location for a %KLING_ERROR_LOCAL
 *
 * Takes all bytes away: it is empty again.
 *
 * Returns: %FALSE when its file cannot be emptied
 */
gboolean
kling_spool_restart (KlingSpool * spool, GError ** error)
{
  g_return_val_if_fail (spool->sha256 == NULL, FALSE);

  if (spool->memory) {
    g_byte_array_set_size (spool->memory, 0);
  } else if (ftruncate (spool->fd, 0) < 0) {
    set_disk_error (spool, errno, error);
    return FALSE;
  }
  spool->size = 0;
  g_clear_pointer (&spool->checksum, g_checksum_free);
  spool->checksum = g_checksum_new (G_CHECKSUM_SHA256);
  return TRUE;
}

/**
 * kling_spool_finish:
 * @spool: a spool that has all its bytes
 * @error: return location for a %KLING_ERROR_LOCAL
 *
 * From now on it does not change.
 *
 * Returns: %FALSE when it cannot be read
 */
gboolean
kling_spool_finish (KlingSpool * spool, GError ** error)
{
  g_return_val_if_fail (spool->sha256 == NULL, FALSE);

  if (spool->checksum == NULL)
    spool->checksum = sum_up (spool, error);
  if (spool->checksum == NULL)
    return FALSE;
  spool->sha256 = g_strdup (g_checksum_get_string (spool->checksum));
  g_clear_pointer (&spool->checksum, g_checksum_free);
  return TRUE;
}

/**
 * kling_spool_get_bytes:
 * @spool: a finished spool
 * @error: return location for a %KLING_ERROR_LOCAL
 *
 * All of it at once, without a copy: a file is mapped.
 *
 * Returns: (transfer full) (nullable): its bytes, which keep what they need of
 *   @spool alive
 */
GBytes *
kling_spool_get_bytes (const KlingSpool * spool, GError ** error)
{
  g_return_val_if_fail (spool->sha256 != NULL, NULL);

  g_autoptr (GMappedFile) file = NULL;
  g_autoptr (GError) cause = NULL;

  if (spool->memory)
    return g_bytes_new_with_free_func (spool->memory->data, spool->memory->len,
        (GDestroyNotify) g_byte_array_unref, g_byte_array_ref (spool->memory));
  file = g_mapped_file_new_from_fd (spool->fd, FALSE, &cause);
  if (file)
    return g_mapped_file_get_bytes (file);
  set_read_error (spool, cause->message, error);
  return NULL;
}
