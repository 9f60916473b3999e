/* klinglipsync tests: hostile bytes for the reader of answers
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "kling-answer.h"

/* Far more than any field may have */
#define MAX_TEXT 16384

static void
check_text (const gchar * text)
{
  if (text == NULL)
    return;
  if (strlen (text) > MAX_TEXT || !g_utf8_validate (text, -1, NULL))
    abort ();
  for (; *text; text = g_utf8_next_char (text))
    if (g_unichar_iscntrl (g_utf8_get_char (text)))
      abort ();
}

static void
check_id (const gchar * id)
{
  if (id != NULL && !kling_id_is_valid (id))
    abort ();
}

/* Milliseconds, or not told */
static void
check_time (gint64 time)
{
  if (time < -1 || time > G_GINT64_CONSTANT (86400000))
    abort ();
}

static void
check_face (const KlingFace * face)
{
  if (!kling_id_is_valid (face->id))
    abort ();
  check_text (face->image_url);
  check_time (face->start);
  check_time (face->end);
  if (face->start >= 0 && face->end >= 0 && face->end <= face->start)
    abort ();
  if (face->x < 0 || face->y < 0 || face->width < 0 || face->height < 0
      || (face->width == 0) != (face->height == 0))
    abort ();
}

static void
check_media (const KlingAnswer * answer)
{
  check_text (answer->watermark_url);
  check_id (answer->audio_id);
  check_time (answer->audio_duration);
  if (answer->audio_id == NULL && answer->audio_duration != -1)
    abort ();
  if (answer->faces && answer->faces->len > KLING_FACES_MAX)
    abort ();
  for (guint i = 0; answer->faces && i < answer->faces->len; i++)
    check_face (answer->faces->pdata[i]);
}

static void
read_answer (guint status, GBytes * body)
{
  g_auto (KlingAnswer) answer = { 0, };

  kling_answer_read (&answer, status, body);
  check_text (answer.code);
  check_text (answer.message);
  check_text (answer.request_id);
  check_text (answer.task_word);
  check_text (answer.result_url);
  check_id (answer.task_id);
  check_id (answer.session_id);
  check_media (&answer);
  if (answer.percent < -1 || answer.percent > 100
      || (guint) answer.task_state > KLING_TASK_OTHER)
    abort ();
  /* no answer without an id counts as bought, none with one as not bought */
  if ((kling_answer_get_ending (&answer, answer.task_id) ==
          KLING_ENDING_CREATED) != (answer.task_id != NULL))
    abort ();
  kling_answer_get_error_code (&answer);
}

int
LLVMFuzzerTestOneInput (const uint8_t * data, size_t size)
{
  static const guint statuses[] = { 200, 400, 401, 429, 503 };
  g_autoptr (GBytes) body = g_bytes_new (data, size);
  g_autofree gchar *task = kling_answer_find_task (body, "kl1-ours");

  check_id (task);
  for (guint i = 0; i < G_N_ELEMENTS (statuses); i++)
    read_answer (statuses[i], body);
  return 0;
}
