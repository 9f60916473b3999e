/* klinglipsync tests: hostile bytes for the reader of records
 *
 * The bytes are tried as they are, and once more with the checksum that they
 * should have, because nobody guesses that.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "kling-answer.h"
#include "kling-record.h"

#define TRAILER "# sha256 "
#define TRAILER_LENGTH (strlen (TRAILER) + 64 + strlen ("\n"))

static void
check_id (const gchar * id)
{
  if (id && !kling_id_is_valid (id))
    abort ();
}

static void
check_face (const KlingFace * face)
{
  if (!kling_id_is_valid (face->id) || face->image_url)
    abort ();
  if (face->start < -1 || face->end < -1 || face->x < 0 || face->y < 0
      || face->width < 0 || face->height < 0)
    abort ();
}

static void
check_record (const KlingRecord * record)
{
  if (strlen (record->key) != 64 || strchr (record->key, '/'))
    abort ();
  check_id (record->task_id);
  check_id (record->session_id);
  check_id (record->speech_id);
  check_id (record->details.task_id);
  if (record->sent_at < 0 || record->size < -1 || record->duration < -1
      || record->part_length < -1 || !(record->units >= -1))
    abort ();
  if (record->faces && record->faces->len > KLING_FACES_MAX)
    abort ();
  for (guint i = 0; record->faces && i < record->faces->len; i++)
    check_face (record->faces->pdata[i]);
}

static KlingRecord *
read_record (const gchar * text, gsize size)
{
  g_autoptr (GError) error = NULL;
  KlingRecord *record = kling_record_from_text (text, size, &error);

  if ((record == NULL) == (error == NULL))
    abort ();
  if (error && (strlen (error->message) > 200
          || !g_utf8_validate (error->message, -1, NULL)))
    abort ();
  return record;
}

/* What was read is written and read again: the same words come of it. */
static void
check_again (const gchar * text, gsize size)
{
  g_autoptr (KlingRecord) record = read_record (text, size);
  g_autoptr (KlingRecord) again = NULL;
  g_autofree gchar *first = NULL;
  g_autofree gchar *second = NULL;
  gsize first_size, second_size;

  if (record == NULL)
    return;
  check_record (record);
  first = kling_record_to_text (record, &first_size);
  again = read_record (first, first_size);
  if (again == NULL)
    abort ();
  second = kling_record_to_text (again, &second_size);
  if (strcmp (first, second) != 0)
    abort ();
}

int
LLVMFuzzerTestOneInput (const uint8_t * data, size_t size)
{
  const gchar *text = (const gchar *) data;
  gsize length = size > 0 ? strnlen (text, size) : 0;
  g_autofree gchar *body = NULL;
  g_autofree gchar *sum = NULL;
  g_autofree gchar *sealed = NULL;

  check_again (text, size);
  if (length > TRAILER_LENGTH && memcmp (text + length - TRAILER_LENGTH,
          TRAILER, strlen (TRAILER)) == 0)
    length -= TRAILER_LENGTH;
  body = g_strndup (text ? text : "", length);
  sum = g_compute_checksum_for_string (G_CHECKSUM_SHA256, body, -1);
  sealed = g_strconcat (body, TRAILER, sum, "\n", NULL);
  check_again (sealed, strlen (sealed));
  return 0;
}
