/* klinglipsync tests: hostile bytes for the reader of audio files
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "kling-audiofile.h"
#include "kling-error.h"

typedef struct
{
  const uint8_t *data;
  size_t size;
} Source;

static gboolean
read_source (goffset offset, guint8 * data, gsize size, gpointer user_data)
{
  const Source *source = user_data;

  if (offset < 0 || size > source->size
      || offset > (goffset) (source->size - size))
    abort ();
  memcpy (data, source->data + offset, size);
  return TRUE;
}

/* No file says more than its bytes can hold: a frame of 7 bytes is the smallest
 * and has at most 4096 samples, of which 7350 are the fewest in a second. */
static void
check_info (const KlingAudiofile * info, size_t size)
{
  if (info->duration < -1 || info->peak < -1 || info->peak > 32768)
    abort ();
  if (info->kind == KLING_AUDIOFILE_M4A)
    return;
  if (info->rate == 0 || info->duration < 0 || info->n_samples == 0
      || info->n_samples > size * 600 || info->n_frames > size / 7)
    abort ();
}

int
LLVMFuzzerTestOneInput (const uint8_t * data, size_t size)
{
  Source source = { data, size };
  GError *error = NULL;
  KlingAudiofile info;

  if (kling_audiofile_read (&info, (goffset) size, read_source, &source,
          &error)) {
    check_info (&info, size);
    return 0;
  }
  if (!g_error_matches (error, KLING_ERROR, KLING_ERROR_INPUT)
      || strlen (error->message) > 200
      || !g_utf8_validate (error->message, -1, NULL))
    abort ();
  g_error_free (error);
  return 0;
}
