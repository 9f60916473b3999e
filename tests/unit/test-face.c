/* klinglipsync: tests of the faces in the source video
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <gst/check/gstcheck.h>

#include "kling-face.h"

static KlingFace *
make_face (const gchar * id, gint64 start, gint64 end)
{
  KlingFace face = { (gchar *) id, NULL, start, end, 0, 0, 0, 0 };

  return kling_face_copy (&face);
}

/* Each row: when up to three faces are visible, and which one is it longest */
static const struct
{
  gint64 times[3][2];
  guint n;
  const gchar *longest;
} rows[] = {
  {{{0, 5200}}, 1, "0"},
  {{{0, 2000}, {1000, 5200}, {0, 3000}}, 3, "1"},
  {{{0, 2000}, {0, 3000}, {3000, 10000}}, 3, "2"},
  /* of several the first */
  {{{0, 2000}, {2000, 4000}}, 2, "0"},
  /* an unknown interval is none, but a face all the same */
  {{{-1, -1}, {0, 1}}, 2, "1"},
  {{{-1, 5000}, {3000, -1}, {0, 1}}, 3, "2"},
  {{{5000, 0}, {0, 1}}, 2, "1"},
  {{{5000, 0}, {-1, -1}}, 2, "0"},
  {{{-1, -1}, {-1, -1}}, 2, "0"},
  {{{0, 0}}, 0, NULL},
};

static GPtrArray *
make_faces (guint row)
{
  static const gchar *const ids[] = { "0", "1", "2" };
  GPtrArray *faces = kling_faces_new ();

  for (guint i = 0; i < rows[row].n; i++)
    g_ptr_array_add (faces, make_face (ids[i], rows[row].times[i][0],
            rows[row].times[i][1]));
  return faces;
}

GST_START_TEST (test_longest)
{
  g_autoptr (GPtrArray) faces = make_faces (__i__);
  const KlingFace *face = kling_faces_get_longest (faces);

  fail_unless_equals_string (face ? face->id : NULL, rows[__i__].longest);
}

GST_END_TEST;

GST_START_TEST (test_find)
{
  g_autoptr (GPtrArray) faces = make_faces (1);

  fail_unless (kling_faces_find (faces, "2") == faces->pdata[2]);
  fail_unless (kling_faces_find (faces, "0") == faces->pdata[0]);
  fail_unless (kling_faces_find (faces, "3") == NULL);
  fail_unless (kling_faces_find (faces, NULL) == NULL);
  fail_unless (kling_faces_find (NULL, "0") == NULL);
  fail_unless (kling_faces_get_longest (NULL) == NULL);
}

GST_END_TEST;

/* A copy outlives what it was made of. */
GST_START_TEST (test_copy)
{
  KlingFace face = { NULL, NULL, 1, 2, 3, 4, 5, 6 };
  GPtrArray *faces = kling_faces_new ();
  g_autoptr (GPtrArray) copy = NULL;
  const KlingFace *found;

  face.id = g_strdup ("0");
  face.image_url = g_strdup ("https://e/f.png");
  g_ptr_array_add (faces, kling_face_copy (&face));
  g_free (face.id);
  g_free (face.image_url);
  copy = kling_faces_copy (faces);
  g_ptr_array_unref (faces);

  fail_unless_equals_int (copy->len, 1);
  found = kling_faces_find (copy, "0");
  fail_unless_equals_string (found->image_url, "https://e/f.png");
  fail_unless_equals_int64 (found->start, 1);
  fail_unless_equals_int64 (found->end, 2);
  fail_unless_equals_int (found->x, 3);
  fail_unless_equals_int (found->y, 4);
  fail_unless_equals_int (found->width, 5);
  fail_unless_equals_int (found->height, 6);
}

GST_END_TEST;

static Suite *
face_suite (void)
{
  Suite *suite = suite_create ("face");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_loop_test (tc, test_longest, 0, G_N_ELEMENTS (rows));
  tcase_add_test (tc, test_find);
  tcase_add_test (tc, test_copy);
  return suite;
}

GST_CHECK_MAIN (face);
