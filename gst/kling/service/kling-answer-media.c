/* klinglipsync: what an answer says was made and found
 *
 * Pure functions, for any thread: the finished video, the faces, the speech.
 * Where each is looked for is in docs/architecture.md, "Answers".
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "kling-answer-private.h"

#include <string.h>
#include "kling-json.h"

#define MAX_URL_BYTES 8192
/* No source video and no speech is longer than a day, no picture wider. */
#define MAX_SECONDS (24 * 60 * 60)
#define MAX_PIXELS 65535

/**
 * kling_answer_is_url:
 * @text: (nullable): a text of an answer
 *
 * Returns: whether it looks like the address of something to download
 */
gboolean
kling_answer_is_url (const gchar * text)
{
  const gchar *c;

  if (text == NULL || strlen (text) > MAX_URL_BYTES)
    return FALSE;
  for (c = text; *c != '\0'; c++) {
    if (g_ascii_isspace (*c) || g_ascii_iscntrl (*c))
      return FALSE;
  }
  return g_ascii_strncasecmp (text, "https://", 8) == 0
      || g_ascii_strncasecmp (text, "http://", 7) == 0;
}

static JsonArray *
get_array (JsonObject * object, const gchar * name)
{
  JsonNode *node = object ? json_object_get_member (object, name) : NULL;

  return node && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node)
      : NULL;
}

static guint
get_length (JsonArray * array)
{
  return array ? json_array_get_length (array) : 0;
}

/* Returns: (nullable): the element when it is an object */
static JsonObject *
get_element (JsonArray * array, guint i)
{
  JsonNode *element = json_array_get_element (array, i);

  return JSON_NODE_HOLDS_OBJECT (element) ? json_node_get_object (element)
      : NULL;
}

/* Returns: the member in @unit, rounded; -1 when it is none that can be meant,
 * which is from 0 to @max */
static gint64
read_number (JsonObject * object, const gchar * name, gdouble unit, gdouble max)
{
  gdouble number;

  if (!kling_json_get_number (object, name, &number)
      || !(number >= 0 && number <= max))
    return -1;
  return (gint64) (number * unit + 0.5);
}

/* --- the result --- */

/* Returns: (nullable): the first URL named @member in the objects of an array */
static const gchar *
first_url (JsonObject * object, const gchar * name, const gchar * member)
{
  JsonArray *array = get_array (object, name);

  for (guint i = 0; i < get_length (array); i++) {
    const gchar *url = kling_json_get_string (get_element (array, i), member);

    if (kling_answer_is_url (url))
      return url;
  }
  return NULL;
}

static const gchar *
url_of_videos (JsonObject * level)
{
  return first_url (kling_json_get_object (level, "task_result"), "videos",
      "url");
}

static const gchar *
url_of_outputs (JsonObject * level)
{
  return first_url (level, "outputs", "url");
}

static const gchar *
url_of_task_result (JsonObject * level)
{
  return kling_json_get_string (kling_json_get_object (level, "task_result"),
      "video_url");
}

static const gchar *
url_of_result (JsonObject * level)
{
  return kling_json_get_string (level, "result_url");
}

static const gchar *
url_of_metadata (JsonObject * level)
{
  return kling_json_get_string (kling_json_get_object (level, "metadata"),
      "url");
}

static const gchar *
url_of_video (JsonObject * level)
{
  return kling_json_get_string (level, "video_url");
}

/* Older gateways put the URL of a success where the reason of a failure is. */
static const gchar *
url_of_fail_reason (JsonObject * level)
{
  return kling_json_get_string (level, "fail_reason");
}

static const struct
{
  const gchar *(*find) (JsonObject * level);
  gboolean only_on_success;
} result_places[] = {
  {url_of_videos, FALSE},
  {url_of_outputs, FALSE},
  {url_of_task_result, FALSE},
  {url_of_result, FALSE},
  {url_of_metadata, FALSE},
  {url_of_video, FALSE},
  {url_of_fail_reason, TRUE},
};

/**
 * kling_answer_find_result:
 * @levels: an answer
 * @is_success: whether it says that the task has succeeded
 *
 * Returns: (transfer full) (nullable): where the finished video is
 */
gchar *
kling_answer_find_result (const KlingLevels * levels, gboolean is_success)
{
  for (guint i = 0; i < G_N_ELEMENTS (result_places); i++) {
    if (result_places[i].only_on_success && !is_success)
      continue;
    for (guint j = 0; j < levels->n; j++) {
      const gchar *url = result_places[i].find (levels->objects[j]);

      if (kling_answer_is_url (url))
        return g_strdup (url);
    }
  }
  return NULL;
}

static gchar *
find_watermark (const KlingLevels * levels)
{
  const gchar *url = NULL;

  for (guint i = 0; url == NULL && i < levels->n; i++)
    url = first_url (kling_json_get_object (levels->objects[i], "task_result"),
        "videos", "watermark_url");
  return g_strdup (url);
}

/* --- faces --- */

static void
read_interval (KlingFace * face, JsonObject * object)
{
  face->start = read_number (object, "start_time", 1, MAX_SECONDS * 1e3);
  face->end = read_number (object, "end_time", 1, MAX_SECONDS * 1e3);
  if (face->end >= 0 && face->end <= face->start)
    face->start = face->end = -1;
}

/* A rectangle counts when it is whole. */
static void
read_rectangle (KlingFace * face, JsonObject * object)
{
  JsonObject *rect = kling_json_get_object (object, "face_rect");
  gint64 x = read_number (rect, "x", 1, MAX_PIXELS);
  gint64 y = read_number (rect, "y", 1, MAX_PIXELS);
  gint64 width = read_number (rect, "width", 1, MAX_PIXELS);
  gint64 height = read_number (rect, "height", 1, MAX_PIXELS);

  if (x < 0 || y < 0 || width <= 0 || height <= 0)
    return;
  face->x = x;
  face->y = y;
  face->width = width;
  face->height = height;
}

/* Unlike other ids, that of a face may be a bare 0: it counts the faces. */
static KlingFace *
read_face (JsonObject * object)
{
  g_autofree gchar *id = object ? kling_json_dup_scalar (object, "face_id")
      : NULL;
  const gchar *image = kling_json_get_string (object, "face_image");
  KlingFace *face;

  if (!kling_id_is_valid (id))
    return NULL;
  face = g_new0 (KlingFace, 1);
  face->id = g_steal_pointer (&id);
  face->image_url = g_strdup (kling_answer_is_url (image) ? image : NULL);
  read_interval (face, object);
  read_rectangle (face, object);
  return face;
}

/* Returns: (transfer full) (nullable): the faces of a list; %NULL when there is
 * no list, or nothing in it that can be read */
static GPtrArray *
read_faces (JsonArray * array)
{
  guint n = get_length (array);
  GPtrArray *faces;

  if (array == NULL)
    return NULL;
  faces = kling_faces_new ();
  for (guint i = 0; i < n && faces->len < KLING_FACES_MAX; i++) {
    KlingFace *face = read_face (get_element (array, i));

    if (face)
      g_ptr_array_add (faces, face);
  }
  if (n > 0 && faces->len == 0)
    g_clear_pointer (&faces, g_ptr_array_unref);
  return faces;
}

static GPtrArray *
find_faces (const KlingLevels * levels)
{
  static const gchar *const names[] = { "face_data", "face_list" };
  GPtrArray *faces = NULL;

  for (guint i = 0; i < levels->n; i++) {
    for (guint name = 0; faces == NULL && name < G_N_ELEMENTS (names); name++)
      faces = read_faces (get_array (levels->objects[i], names[name]));
  }
  return faces;
}

/* --- speech --- */

static void
read_audio (KlingAnswer * answer, JsonObject * object)
{
  answer->audio_id = object ? kling_answer_dup_id (object, "id") : NULL;
  if (answer->audio_id)
    answer->audio_duration = read_number (object, "duration", 1000,
        MAX_SECONDS);
}

static void
read_speech (KlingAnswer * answer, const KlingLevels * levels)
{
  for (guint i = 0; i < levels->n; i++) {
    JsonObject *result = kling_json_get_object (levels->objects[i],
        "task_result");
    JsonArray *audios = get_array (result, "audios");

    for (guint j = 0; answer->audio_id == NULL && j < get_length (audios); j++)
      read_audio (answer, get_element (audios, j));
  }
}

/**
 * kling_answer_read_media:
 * @answer: gets what @levels say
 * @levels: an answer
 *
 * Reads the faces, the speech and the second form of the video. All but their
 * ids is optional, and a number that cannot be meant was not told.
 */
void
kling_answer_read_media (KlingAnswer * answer, const KlingLevels * levels)
{
  answer->watermark_url = find_watermark (levels);
  answer->faces = find_faces (levels);
  read_speech (answer, levels);
}
