/* klinglipsync: the faces that were found in the source video
 *
 * Pure functions, for any thread. An array of faces is a GPtrArray of KlingFace
 * that owns them; nobody changes it once it was read from an answer.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "kling-face.h"

/**
 * kling_face_copy:
 * @face: a face
 *
 * Returns: (transfer full): a copy of @face
 */
KlingFace *
kling_face_copy (const KlingFace * face)
{
  KlingFace *copy = g_new (KlingFace, 1);

  *copy = *face;
  copy->id = g_strdup (face->id);
  copy->image_url = g_strdup (face->image_url);
  return copy;
}

/**
 * kling_face_free:
 * @face: (transfer full): a face
 */
void
kling_face_free (KlingFace * face)
{
  g_free (face->id);
  g_free (face->image_url);
  g_free (face);
}

/**
 * kling_faces_new:
 *
 * Returns: (transfer full) (element-type KlingFace): no faces yet
 */
GPtrArray *
kling_faces_new (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) kling_face_free);
}

/**
 * kling_faces_copy:
 * @faces: (element-type KlingFace): faces
 *
 * Returns: (transfer full) (element-type KlingFace): a copy of @faces
 */
GPtrArray *
kling_faces_copy (GPtrArray * faces)
{
  GPtrArray *copy = kling_faces_new ();

  for (guint i = 0; i < faces->len; i++)
    g_ptr_array_add (copy, kling_face_copy (faces->pdata[i]));
  return copy;
}

/**
 * kling_faces_find:
 * @faces: (element-type KlingFace) (nullable): faces
 * @id: an id
 *
 * Returns: (transfer none) (nullable): the face with this id
 */
const KlingFace *
kling_faces_find (GPtrArray * faces, const gchar * id)
{
  for (guint i = 0; faces != NULL && i < faces->len; i++) {
    const KlingFace *face = faces->pdata[i];

    if (g_strcmp0 (face->id, id) == 0)
      return face;
  }
  return NULL;
}

/* How long @face is visible, 0 when it is not known */
static gint64
get_visible (const KlingFace * face)
{
  return face->start >= 0 && face->end > face->start
      ? face->end - face->start : 0;
}

/**
 * kling_faces_get_longest:
 * @faces: (element-type KlingFace) (nullable): faces
 *
 * Returns: (transfer none) (nullable): the face that is visible longest, of
 *   several the first
 */
const KlingFace *
kling_faces_get_longest (GPtrArray * faces)
{
  const KlingFace *longest = NULL;

  for (guint i = 0; faces != NULL && i < faces->len; i++) {
    const KlingFace *face = faces->pdata[i];

    if (longest == NULL || get_visible (face) > get_visible (longest))
      longest = face;
  }
  return longest;
}
