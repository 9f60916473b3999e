/* klinglipsync: what the tests of the collect share
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "collect-helper.h"

#include "kling-error.h"

const KlingLimits documented_limits = {
  TRUE, 1000, 2 * G_USEC_PER_SEC, 60 * G_USEC_PER_SEC, 2 * G_USEC_PER_SEC,
  60 * G_USEC_PER_SEC, 100000000, 512, 2160
};

const KlingLimits presumed_limits = {
  FALSE, 1000, 2 * G_USEC_PER_SEC, 60 * G_USEC_PER_SEC, 2 * G_USEC_PER_SEC,
  60 * G_USEC_PER_SEC, 100000000, 512, 2160
};

/* Takes @error, which has to be about the input, and to say @expected. */
void
check_error (GError * error, const gchar * expected)
{
  fail_unless (error != NULL, "no error, expected: %s", expected);
  fail_unless (g_error_matches (error, KLING_ERROR, KLING_ERROR_INPUT), "%s",
      error->message);
  fail_unless (strstr (error->message, expected) != NULL, "%s", error->message);
  fail_unless (g_str_has_suffix (error->message, "."), "%s", error->message);
  g_error_free (error);
}

void
set_caps (GstKlingCollect * collect, const gchar * caps)
{
  g_autoptr (GstCaps) parsed = gst_caps_from_string (caps);
  g_autoptr (GError) error = NULL;

  fail_unless (parsed != NULL, "%s", caps);
  fail_unless (gst_kling_collect_set_caps (collect, parsed, &error), "%s: %s",
      caps, error ? error->message : "no error");
}

void
refuse_caps (GstKlingCollect * collect, const gchar * caps,
    const gchar * expected)
{
  g_autoptr (GstCaps) parsed = gst_caps_from_string (caps);
  GError *error = NULL;

  fail_unless (parsed != NULL, "%s", caps);
  fail_if (gst_kling_collect_set_caps (collect, parsed, &error), "%s", caps);
  check_error (error, expected);
}

void
set_segment (GstKlingCollect * collect, GstFormat format, guint64 start,
    guint64 base)
{
  GstSegment segment;

  gst_segment_init (&segment, format);
  segment.start = segment.time = segment.position = start;
  segment.base = base;
  fail_unless (gst_kling_collect_set_segment (collect, &segment, FALSE, NULL));
}

GstBuffer *
make_buffer (gconstpointer data, gsize size)
{
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, size, NULL);

  fail_unless_equals_int (gst_buffer_fill (buffer, 0, data, size), size);
  return buffer;
}

/* Takes @buffer. */
void
push (GstKlingCollect * collect, GstBuffer * buffer)
{
  g_autoptr (GError) error = NULL;

  fail_unless (gst_kling_collect_buffer (collect, buffer, &error), "%s",
      error ? error->message : "no error");
  gst_buffer_unref (buffer);
}

/* Takes @buffer. */
void
refuse (GstKlingCollect * collect, GstBuffer * buffer, const gchar * expected)
{
  GError *error = NULL;

  fail_if (gst_kling_collect_buffer (collect, buffer, &error));
  check_error (error, expected);
  gst_buffer_unref (buffer);
}
