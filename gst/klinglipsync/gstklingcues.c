/* klinglipsync: text that comes in cues
 *
 * What is said is one text: line breaks and times of the cues mean nothing to
 * the voice. Tags of pango markup are dropped, its entities are decoded.
 *
 * Under the lock of the collect that owns it; finishing needs none.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "gstklingcues.h"

#include <string.h>

#include "kling-error.h"
#include "kling-limits.h"
#include "kling-url.h"

/* Characters of a cue that an error shows */
#define SHOWN_CHARACTERS 60

struct _GstKlingCues
{
  gboolean markup;
  GString *text;
};

/**
 * gst_kling_cues_new:
 *
 * Returns: (transfer full): no cue, plain text to come
 */
GstKlingCues *
gst_kling_cues_new (void)
{
  GstKlingCues *cues = g_new0 (GstKlingCues, 1);

  cues->text = g_string_new (NULL);
  return cues;
}

/**
 * gst_kling_cues_free:
 * @cues: (transfer full): cues
 */
void
gst_kling_cues_free (GstKlingCues * cues)
{
  g_string_free (cues->text, TRUE);
  g_free (cues);
}

/**
 * gst_kling_cues_is_empty:
 * @cues: cues
 *
 * Returns: whether there is nothing to say
 */
gboolean
gst_kling_cues_is_empty (const GstKlingCues * cues)
{
  return cues->text->len == 0;
}

/**
 * gst_kling_cues_set_caps:
 * @cues: cues
 * @caps: text/x-raw
 * @error: return location for a %KLING_ERROR_INPUT
 *
 * Returns: %FALSE when it is in no format that is known
 */
gboolean
gst_kling_cues_set_caps (GstKlingCues * cues, GstCaps * caps, GError ** error)
{
  const gchar *format =
      gst_structure_get_string (gst_caps_get_structure (caps, 0), "format");
  g_autofree gchar *shown = kling_text_clean (format, SHOWN_CHARACTERS);

  cues->markup = g_strcmp0 (format, "pango-markup") == 0;
  if (format == NULL || cues->markup || strcmp (format, "utf8") == 0)
    return TRUE;
  g_set_error (error, KLING_ERROR, KLING_ERROR_INPUT,
      "Text in the format \"%s\" cannot be read. Send text/x-raw with format"
      " utf8 or pango-markup to the text pad.", shown);
  return FALSE;
}

static gboolean
refuse_cue (const gchar * cue, gsize length, const gchar * what,
    GError ** error)
{
  g_autofree gchar *text = g_strndup (cue, length);
  g_autofree gchar *shown = kling_text_clean (text, SHOWN_CHARACTERS);

  g_set_error (error, KLING_ERROR, KLING_ERROR_INPUT,
      "The cue \"%s\" on the text pad is not valid %s", shown, what);
  return FALSE;
}

static gboolean
refuse_length (GError ** error)
{
  g_set_error (error, KLING_ERROR, KLING_ERROR_INPUT,
      "The text has more than %d bytes, which takes hours to say. Send less to"
      " the text pad.", KLING_TEXT_BYTES_MAX);
  return FALSE;
}

static void
keep_text (GMarkupParseContext * context, const gchar * text, gsize length,
    gpointer user_data, GError ** error)
{
  g_string_append_len (user_data, text, (gssize) length);
}

/* Returns: (transfer full) (nullable): the text of @cue without its tags */
static GString *
strip_markup (const gchar * cue, gsize length)
{
  static const GMarkupParser parser = { NULL, NULL, keep_text, NULL, NULL };
  g_autoptr (GString) text = g_string_sized_new (length);
  g_autoptr (GMarkupParseContext) context =
      g_markup_parse_context_new (&parser, G_MARKUP_TREAT_CDATA_AS_TEXT, text,
      NULL);

  if (!g_markup_parse_context_parse (context, "<markup>", -1, NULL)
      || !g_markup_parse_context_parse (context, cue, (gssize) length, NULL)
      || !g_markup_parse_context_parse (context, "</markup>", -1, NULL)
      || !g_markup_parse_context_end_parse (context, NULL))
    return NULL;
  return g_steal_pointer (&text);
}

/* Appends the words of @cue, which is valid UTF-8, each after one space. */
static void
append_words (GString * text, const gchar * cue, gsize length)
{
  gboolean space = text->len > 0;
  const gchar *end = cue + length;

  for (const gchar * c = cue; c < end; c = g_utf8_next_char (c)) {
    gunichar character = g_utf8_get_char (c);

    if (g_unichar_isspace (character)) {
      space = text->len > 0;
      continue;
    }
    if (space)
      g_string_append_c (text, ' ');
    space = FALSE;
    g_string_append_unichar (text, character);
  }
}

static gboolean
add_cue (GstKlingCues * cues, const gchar * cue, gsize length, GError ** error)
{
  while (length > 0 && cue[length - 1] == '\0')
    length--;
  if (!g_utf8_validate_len (cue, length, NULL))
    return refuse_cue (cue, length,
        "UTF-8. Say its encoding to subparse with subtitle-encoding, or"
        " convert the file.", error);
  if (cues->markup) {
    g_autoptr (GString) plain = strip_markup (cue, length);

    if (plain == NULL)
      return refuse_cue (cue, length, "pango markup. Close its tags and write"
          " \"&\" as \"&amp;\", or send text/x-raw,format=utf8.", error);
    append_words (cues->text, plain->str, plain->len);
  } else {
    append_words (cues->text, cue, length);
  }
  return cues->text->len <= KLING_TEXT_BYTES_MAX || refuse_length (error);
}

/**
 * gst_kling_cues_add:
 * @cues: cues
 * @buffer: (transfer none): the next cue
 * @error: return location
 *
 * Returns: %FALSE with %KLING_ERROR_INPUT when it cannot be read or the text
 *   becomes too long
 */
gboolean
gst_kling_cues_add (GstKlingCues * cues, GstBuffer * buffer, GError ** error)
{
  GstMapInfo map;
  gboolean added;

  if (gst_buffer_get_size (buffer) > KLING_TEXT_BYTES_MAX)
    return refuse_length (error);
  if (!gst_buffer_map (buffer, &map, GST_MAP_READ)) {
    g_set_error (error, KLING_ERROR, KLING_ERROR_LOCAL,
        "A buffer of text cannot be read from memory.");
    return FALSE;
  }
  added = add_cue (cues, (const gchar *) map.data, map.size, error);
  gst_buffer_unmap (buffer, &map);
  return added;
}

/**
 * gst_kling_cues_finish:
 * @cues: cues
 *
 * Returns: (transfer full): all that is said
 */
gchar *
gst_kling_cues_finish (GstKlingCues * cues)
{
  return g_strdup (cues->text->str);
}
