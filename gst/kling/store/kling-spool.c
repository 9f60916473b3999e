/* klinglipsync: the local copy of a result while it is read out
 *
 * A result is kept whole before its first byte goes downstream, so that its
 * size is exact, it can be sought in, and no network fault can break a stream
 * that is on air. Small ones stay in memory; larger ones go to a file that has
 * no name, so that nothing is left behind however the process ends.
 *
 * One thread, the job's, writes and finishes. No lock is needed: a finished
 * spool never changes, and whoever hands it to another thread does so under a
 * lock of its own.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "kling-spool.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <glib/gstdio.h>

#include "kling-error.h"

struct _KlingSpool
{
  gatomicrefcount refs;

  GByteArray *memory;           /* NULL once the bytes are in the file */
  gint fd;                      /* -1 while they are in memory */
  goffset size;

  GChecksum *checksum;          /* NULL once finished */
  gchar *sha256;                /* NULL until then */
};

/**
 * kling_spool_new:
 *
 * Returns: (transfer full): an empty spool
 */
KlingSpool *
kling_spool_new (void)
{
  KlingSpool *spool = g_new0 (KlingSpool, 1);

  g_atomic_ref_count_init (&spool->refs);
  spool->memory = g_byte_array_new ();
  spool->fd = -1;
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
  g_free (spool);
}

static void
set_disk_error (GError ** error, gint code)
{
  g_set_error (error, KLING_ERROR, KLING_ERROR_LOCAL,
      "The result cannot be kept in \"%s\": %s. Make room there, or set TMPDIR "
      "to a directory that has it.", g_get_tmp_dir (), g_strerror (code));
}

/* g_file_open_tmp() of GLib 2.74 sets no O_CLOEXEC, and a program that is
 * started meanwhile must not keep gigabytes alive. */
static gint
open_unnamed_file (GError ** error)
{
  g_autofree gchar *path =
      g_build_filename (g_get_tmp_dir (), "klinglipsync-XXXXXX", NULL);
  gint fd = g_mkstemp_full (path, O_RDWR | O_CLOEXEC, 0600);

  if (fd < 0)
    set_disk_error (error, errno);
  else
    g_unlink (path);
  return fd;
}

static gboolean
write_all (gint fd, goffset offset, const guint8 * data, gsize size,
    GError ** error)
{
  while (size > 0) {
    gssize n = pwrite (fd, data, size, offset);

    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0) {
      set_disk_error (error, n < 0 ? errno : ENOSPC);
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
  gint fd = open_unnamed_file (error);

  if (fd < 0)
    return FALSE;
  if (!write_all (fd, 0, spool->memory->data, spool->memory->len, error)) {
    close (fd);
    return FALSE;
  }
  spool->fd = fd;
  g_clear_pointer (&spool->memory, g_byte_array_unref);
  return TRUE;
}

static gboolean
store (KlingSpool * spool, const guint8 * data, gsize size, GError ** error)
{
  if (spool->memory && spool->size + (goffset) size > KLING_SPOOL_MEMORY
      && !spill (spool, error))
    return FALSE;
  if (spool->memory == NULL)
    return write_all (spool->fd, spool->size, data, size, error);
  g_byte_array_append (spool->memory, data, (guint) size);
  return TRUE;
}

/**
 * kling_spool_write:
 * @spool: a spool that is not finished
 * @data: the next bytes
 * @size: how many
 * @error: return location
 *
 * Appends. After an error the spool is of no use any more.
 *
 * Returns: %FALSE with %KLING_ERROR_LOCAL when the disk does not take it,
 *   %KLING_ERROR_RESULT beyond %KLING_SPOOL_MAX
 */
gboolean
kling_spool_write (KlingSpool * spool, const guint8 * data, gsize size,
    GError ** error)
{
  g_return_val_if_fail (spool->sha256 == NULL, FALSE);

  if (size > (guint64) (KLING_SPOOL_MAX - spool->size)) {
    g_set_error (error, KLING_ERROR, KLING_ERROR_RESULT,
        "The result is larger than %d GiB, which no lip-sync is: it was not "
        "kept.", (gint) (KLING_SPOOL_MAX >> 30));
    return FALSE;
  }
  if (!store (spool, data, size, error))
    return FALSE;
  g_checksum_update (spool->checksum, data, (gssize) size);
  spool->size += size;
  return TRUE;
}

/**
 * kling_spool_finish:
 * @spool: a spool that has all its bytes
 *
 * From now on it does not change.
 */
void
kling_spool_finish (KlingSpool * spool)
{
  g_return_if_fail (spool->sha256 == NULL);

  spool->sha256 = g_strdup (g_checksum_get_string (spool->checksum));
  g_clear_pointer (&spool->checksum, g_checksum_free);
}

/**
 * kling_spool_get_size:
 * @spool: a spool
 *
 * Returns: bytes written so far
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

static gssize
read_file (gint fd, goffset offset, guint8 * data, gsize size, GError ** error)
{
  gsize done = 0;

  while (done < size) {
    gssize n = pread (fd, data + done, size - done, offset + (goffset) done);

    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0) {
      g_set_error (error, KLING_ERROR, KLING_ERROR_LOCAL,
          "The result that was kept in \"%s\" cannot be read back: %s.",
          g_get_tmp_dir (), n < 0 ? g_strerror (errno) : "it is cut off");
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
    return read_file (spool->fd, offset, data, size, error);
  memcpy (data, spool->memory->data + offset, size);
  return (gssize) size;
}
