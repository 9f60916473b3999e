/* klinglipsync tests: hostile bytes for the MP4 reader
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "kling-error.h"
#include "kling-isobmff.h"

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

int
LLVMFuzzerTestOneInput (const uint8_t * data, size_t size)
{
  Source source = { data, size };
  GError *error = NULL;
  KlingIsobmff info;

  if (kling_isobmff_read (&info, (goffset) size, read_source, &source, &error)) {
    if (info.duration < -1 || strlen (info.brand) != 4)
      abort ();
    return 0;
  }
  if (!g_error_matches (error, KLING_ERROR, KLING_ERROR_RESULT)
      || strlen (error->message) > 200
      || !g_utf8_validate (error->message, -1, NULL))
    abort ();
  g_error_free (error);
  return 0;
}
