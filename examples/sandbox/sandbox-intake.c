/* The body of a request that goes to a file while it arrives.
 *
 * Videos are uploaded, too, and several at once: they do not belong in memory.
 *
 * Main thread only, no lock.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "sandbox-intake.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <unistd.h>

/**
 * sandbox_intake_new:
 * @path: a file that does not exist yet
 *
 * Returns: (transfer full): an empty body
 */
SandboxIntake *
sandbox_intake_new (const char *path)
{
  SandboxIntake *intake = g_new0 (SandboxIntake, 1);

  intake->path = g_strdup (path);
  intake->fd = g_open (path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  return intake;
}

/* Whoever wants to keep the file has moved it away by now. */
void
sandbox_intake_free (SandboxIntake * intake)
{
  if (intake->fd >= 0)
    close (intake->fd);
  g_unlink (intake->path);
  g_free (intake->path);
  g_free (intake);
}

/* What cannot be written whole, because the disk is full, is not kept. */
void
sandbox_intake_add (SandboxIntake * intake, GBytes * chunk)
{
  gsize size;
  const char *data = g_bytes_get_data (chunk, &size);

  if (intake->fd < 0)
    return;
  intake->size += size;
  if (write (intake->fd, data, size) == (gssize) size)
    return;
  close (intake->fd);
  intake->fd = -1;
}
