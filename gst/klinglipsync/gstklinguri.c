/* klinglipsync: klinglipsync:// links
 *
 *   klinglipsync://task/TASK-ID              a task that exists already
 *   klinglipsync://?video-url=...&text=...   a request: properties, by name
 *
 * A link comes from anywhere: a project file, a web page, a message. So it says
 * what the video is and nothing else. The table below is all that it can set;
 * whatever decides where the key, the files or the state go, and who pays, is
 * refused, as is every name that is not known. Nor does a link buy anything
 * unless the application or the user has allowed it: see uri-may-pay.
 *
 * What is read is read strictly, because a mistake in a link that is believed
 * costs money: a value out of its range, a name that comes twice, a stray
 * percent sign are errors, and then nothing is changed. A set_uri() that is
 * good replaces all that an earlier link has set. Times are seconds, with up to
 * nine decimals: links are written by people, and those that mean nanoseconds
 * say so by a number that no speech is long enough for. A + is a +, never a
 * space.
 *
 * get_uri() of an element that was given a link writes one from the properties
 * as they are: in the order of the table, without what has its default, with
 * everything escaped that may be. So equal links become one and the same text,
 * what was given comes back in meaning (a project that is saved and opened again
 * asks for the same video), and what the application has changed since is in it.
 * The URLs of media are whole in it: who has signed a URL and put it into a link
 * has told it to whoever sees the link, and without its signature it would be
 * another link. An element that was set up by properties has never told its
 * URLs to anybody, so it has only the link of its task.
 *
 * The URI query goes to strangers, downstream and into their logs, so what it is
 * answered shows the URLs of media without their queries. It is the same each
 * time, before the task as after it, because GStreamer makes the ids of streams
 * of it, and editors find the streams in a project by their ids.
 *
 * On any thread; takes the object lock.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "gstklinguri.h"

#include <string.h>
#include "gstklinglipsyncprivate.h"
#include "kling-answer.h"
#include "kling-url.h"

#define PREFIX GST_KLING_URI_PROTOCOL "://"
#define TASK_PATH "task/"

/* A text of a thousand Chinese characters takes 9 KiB when it is escaped. */
#define MAX_LENGTH (16 * 1024)
/* Of what a stranger wrote, so much is shown in a sentence. */
#define MAX_SHOWN 40

/* No link means a time that is longer than this. */
#define MAX_SECONDS (24 * 3600)
#define DECIMALS_OF_TIME 9
#define DECIMALS_OF_FACTOR 2

#define FORMS "There are " PREFIX TASK_PATH "TASK-ID and " PREFIX \
  "?video-url=URL&text=TEXT&voice-id=ID&voice-language=en"

/* All that a link can set, in the order in which it is written */
static const guint allowed[] = {
  PROP_TASK_ID,
  PROP_SESSION_ID,
  PROP_VIDEO_URL,
  PROP_VIDEO_ID,
  PROP_FACE_ID,
  PROP_FACE_IMAGE_URL,
  PROP_TEXT,
  PROP_VOICE_ID,
  PROP_VOICE_LANGUAGE,
  PROP_VOICE_SPEED,
  PROP_AUDIO_URL,
  PROP_AUDIO_ID,
  PROP_AUDIO_START,
  PROP_AUDIO_END,
  PROP_INSERT_TIME,
  PROP_AUDIO_VOLUME,
  PROP_ORIGINAL_AUDIO_VOLUME,
  PROP_WATERMARK,
  PROP_TAKE,
};

#define N_ALLOWED G_N_ELEMENTS (allowed)
#define TASK_ROW 0

/* What a link says, row by row of the table; a type of 0 is what it does not */
typedef struct
{
  GValue values[N_ALLOWED];
} Link;

static void
link_clear (Link * link)
{
  for (guint i = 0; i < N_ALLOWED; i++) {
    if (G_IS_VALUE (&link->values[i]))
      g_value_unset (&link->values[i]);
  }
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Link, link_clear);

static const gchar *
get_name (guint row)
{
  return gst_kling_lipsync_get_pspec (allowed[row])->name;
}

/* Returns: %FALSE */
static gboolean
G_GNUC_PRINTF (2, 3)
refuse (GError ** error, const gchar * format, ...)
{
  va_list args;

  va_start (args, format);
  if (error)
    *error = g_error_new_valist (GST_URI_ERROR, GST_URI_ERROR_BAD_URI, format,
        args);
  va_end (args);
  return FALSE;
}

/* ---- values ---- */

/* DIGITS or DIGITS.DIGITS, without a sign, an exponent or a blank
 *
 * @max: the largest whole part there may be
 * @number: (out): in units of the last of @decimals */
static gboolean
parse_decimal (const gchar * text, guint decimals, guint64 max,
    guint64 * number)
{
  const gchar *p = text;
  guint n = 0;

  *number = 0;
  for (; g_ascii_isdigit (*p); p++) {
    *number = *number * 10 + (guint) (*p - '0');
    if (*number > max)
      return FALSE;
  }
  if (p == text)
    return FALSE;
  if (*p == '.') {
    for (p++; g_ascii_isdigit (*p) && n < decimals; p++, n++)
      *number = *number * 10 + (guint) (*p - '0');
    if (n == 0)
      return FALSE;
  }
  for (; n < decimals; n++)
    *number *= 10;
  return *p == '\0';
}

/* The other way round, as short as it can be.
 *
 * Returns: (transfer full) */
static gchar *
format_decimal (guint64 number, guint decimals)
{
  guint64 unit = 1;
  gchar *text, *end;

  for (guint i = 0; i < decimals; i++)
    unit *= 10;
  text = g_strdup_printf ("%" G_GUINT64_FORMAT ".%0*" G_GUINT64_FORMAT,
      number / unit, (gint) decimals, number % unit);
  end = text + strlen (text);
  while (end[-1] == '0')
    end--;
  if (end[-1] == '.')
    end--;
  *end = '\0';
  return text;
}

static gboolean
parse_time (const gchar * name, const gchar * text, GValue * value,
    GError ** error)
{
  guint64 time;

  if (!parse_decimal (text, DECIMALS_OF_TIME, MAX_SECONDS, &time)
      || time > MAX_SECONDS * GST_SECOND) {
    g_autofree gchar *shown = kling_text_clean (text, MAX_SHOWN);

    return refuse (error, "\"%s\" is no %s: in a link it is a time in seconds"
        " like 3.5, up to %d.", shown, name, MAX_SECONDS);
  }
  g_value_set_uint64 (value, time);
  return TRUE;
}

static gboolean
parse_factor (GParamSpec * spec, const gchar * text, GValue * value,
    GError ** error)
{
  GParamSpecDouble *range = G_PARAM_SPEC_DOUBLE (spec);
  guint64 hundredths;

  if (parse_decimal (text, DECIMALS_OF_FACTOR, (guint64) range->maximum,
          &hundredths)) {
    g_value_set_double (value, hundredths / 100.0);
    if (!g_param_value_validate (spec, value))
      return TRUE;
  }

  g_autofree gchar *shown = kling_text_clean (text, MAX_SHOWN);

  return refuse (error, "\"%s\" is no %s: that is a factor from %.1f to %.1f,"
      " with up to two decimals.", shown, spec->name, range->minimum,
      range->maximum);
}

static gboolean
parse_switch (const gchar * name, const gchar * text, GValue * value,
    GError ** error)
{
  gboolean on = strcmp (text, "true") == 0;

  if (!on && strcmp (text, "false") != 0) {
    g_autofree gchar *shown = kling_text_clean (text, MAX_SHOWN);

    return refuse (error, "\"%s\" is no %s: that is true or false.", shown,
        name);
  }
  g_value_set_boolean (value, on);
  return TRUE;
}

static gboolean
parse_task_id (const gchar * text, GValue * value, GError ** error)
{
  if (!kling_id_is_valid (text)) {
    g_autofree gchar *shown = kling_text_clean (text, MAX_SHOWN);

    return refuse (error, "\"%s\" is no task id: one has up to 128 letters,"
        " digits, '_', '.' and '-'.", shown);
  }
  g_value_set_string (value, text);
  return TRUE;
}

/* @value: what @text says, as @spec has it */
static gboolean
parse_value (GParamSpec * spec, const gchar * text, GValue * value,
    GError ** error)
{
  g_value_init (value, G_PARAM_SPEC_VALUE_TYPE (spec));
  if (G_IS_PARAM_SPEC_UINT64 (spec))
    return parse_time (spec->name, text, value, error);
  if (G_IS_PARAM_SPEC_DOUBLE (spec))
    return parse_factor (spec, text, value, error);
  if (G_IS_PARAM_SPEC_BOOLEAN (spec))
    return parse_switch (spec->name, text, value, error);
  if (spec == gst_kling_lipsync_get_pspec (PROP_TASK_ID))
    return parse_task_id (text, value, error);
  g_value_set_string (value, text);
  return TRUE;
}

/* Returns: (transfer full): @value as a link has it, not yet escaped */
static gchar *
format_value (const GValue * value)
{
  if (G_VALUE_HOLDS_UINT64 (value))
    return format_decimal (g_value_get_uint64 (value), DECIMALS_OF_TIME);
  if (G_VALUE_HOLDS_DOUBLE (value))
    return format_decimal ((guint64) (g_value_get_double (value) * 100 + 0.5),
        DECIMALS_OF_FACTOR);
  if (G_VALUE_HOLDS_BOOLEAN (value))
    return g_strdup (g_value_get_boolean (value) ? "true" : "false");
  return g_value_dup_string (value);
}

/* ---- from a link to values ---- */

/* Returns: (transfer full) (nullable): @text without its percent signs; %NULL
 * when it cannot be meant */
static gchar *
unescape (const gchar * text, GError ** error)
{
  /* refuses %00 and what is no %XX */
  g_autofree gchar *plain = g_uri_unescape_string (text, NULL);

  if (plain && g_utf8_validate (plain, -1, NULL))
    return g_steal_pointer (&plain);

  g_autofree gchar *shown = kling_text_clean (text, MAX_SHOWN);

  refuse (error, "This part of the link is no text: \"%s\". A link is in UTF-8,"
      " and a %% in it begins a %%XX.", shown);
  return NULL;
}

/* Returns: (transfer full): what a link can set, in words */
static gchar *
list_allowed (void)
{
  GString *list = g_string_new (NULL);

  for (guint i = 0; i < N_ALLOWED; i++)
    g_string_append_printf (list, "%s%s", i == 0 ? ""
        : i + 1 < N_ALLOWED ? ", " : " and ", get_name (i));
  return g_string_free (list, FALSE);
}

static gboolean
find_row (const gchar * name, guint * row, GError ** error)
{
  g_autofree gchar *shown = NULL;
  g_autofree gchar *list = NULL;

  for (*row = 0; *row < N_ALLOWED; (*row)++) {
    if (strcmp (get_name (*row), name) == 0)
      return TRUE;
  }
  shown = kling_text_clean (name, MAX_SHOWN);
  list = list_allowed ();
  return refuse (error, "A link cannot set \"%s\". It can set %s; all else is"
      " for the application. (A & within a value is written %%26.)", shown,
      list);
}

/* NAME=VALUE, both escaped */
static gboolean
link_take_pair (Link * link, const gchar * pair, GError ** error)
{
  g_auto (GStrv) parts = g_strsplit (pair, "=", 2);
  g_autofree gchar *name = NULL;
  g_autofree gchar *text = NULL;
  guint row;

  if (g_strv_length (parts) != 2) {
    g_autofree gchar *shown = kling_text_clean (pair, MAX_SHOWN);

    return refuse (error, "\"%s\" is not NAME=VALUE. (A & within a value is"
        " written %%26.)", shown ? shown : "");
  }
  name = unescape (parts[0], error);
  if (name == NULL || !find_row (name, &row, error))
    return FALSE;
  if (G_IS_VALUE (&link->values[row]))
    return refuse (error, "The link sets %s twice.", name);
  text = unescape (parts[1], error);
  return text && parse_value (gst_kling_lipsync_get_pspec (allowed[row]), text,
      &link->values[row], error);
}

static gboolean
link_take_query (Link * link, const gchar * query, GError ** error)
{
  g_auto (GStrv) pairs = g_strsplit (query, "&", -1);

  for (gchar ** p = pairs; *p; p++) {
    if (!link_take_pair (link, *p, error))
      return FALSE;
  }
  return TRUE;
}

/* What stands before the query: nothing, or the task */
static gboolean
link_take_path (Link * link, const gchar * path, GError ** error)
{
  g_autofree gchar *id = NULL;

  if (*path == '\0' || strcmp (path, "/") == 0)
    return TRUE;
  if (!g_str_has_prefix (path, TASK_PATH))
    return refuse (error, "This link is none of klinglipsync. " FORMS ".");
  id = unescape (path + strlen (TASK_PATH), error);
  return id && parse_value (gst_kling_lipsync_get_pspec (PROP_TASK_ID), id,
      &link->values[TASK_ROW], error);
}

/* A task is made already; nothing about it can be asked for. */
static gboolean
link_check (const Link * link, GError ** error)
{
  gboolean has_request = FALSE;

  for (guint i = 0; i < N_ALLOWED; i++) {
    if (i == TASK_ROW || !G_IS_VALUE (&link->values[i]))
      continue;
    has_request = TRUE;
    if (G_IS_VALUE (&link->values[TASK_ROW]))
      return refuse (error, "The link names a task, which exists already, and"
          " sets %s, too. Leave one of them away.", get_name (i));
  }
  if (!has_request && !G_IS_VALUE (&link->values[TASK_ROW]))
    return refuse (error, "The link says nothing. " FORMS ".");
  return TRUE;
}

static gboolean
link_parse (Link * link, const gchar * uri, GError ** error)
{
  g_auto (GStrv) parts = NULL;

  if (strlen (uri) > MAX_LENGTH)
    return refuse (error, "The link has more than %d bytes.", MAX_LENGTH);
  if (g_ascii_strncasecmp (uri, PREFIX, strlen (PREFIX)) != 0)
    return refuse (error, "This link does not begin with " PREFIX ". " FORMS
        ".");
  if (strchr (uri, '#'))
    return refuse (error, "There is a # in the link: within a value it is"
        " written %%23.");
  parts = g_strsplit (uri + strlen (PREFIX), "?", 2);
  return link_take_path (link, parts[0] ? parts[0] : "", error)
      && (parts[0] == NULL || parts[1] == NULL
      || link_take_query (link, parts[1], error)) && link_check (link, error);
}

/* Sets all that a link can set: what this one does not say has its default. */
static void
link_apply (Link * link, GstKlingLipsync * self)
{
  g_object_freeze_notify (G_OBJECT (self));
  for (guint i = 0; i < N_ALLOWED; i++) {
    GParamSpec *spec = gst_kling_lipsync_get_pspec (allowed[i]);

    if (!G_IS_VALUE (&link->values[i])) {
      g_value_init (&link->values[i], G_PARAM_SPEC_VALUE_TYPE (spec));
      g_param_value_set_default (spec, &link->values[i]);
    }
    g_object_set_property (G_OBJECT (self), spec->name, &link->values[i]);
  }
  GST_OBJECT_LOCK (self);
  self->properties.from_link = TRUE;
  GST_OBJECT_UNLOCK (self);
  g_object_thaw_notify (G_OBJECT (self));
}

/* ---- from values to a link ---- */

/* Returns: (transfer full): the link of @task_id */
static gchar *
format_task (const gchar * task_id)
{
  return g_strconcat (PREFIX TASK_PATH, task_id, NULL);
}

/* @shown: as it may be seen by anybody
 *
 * Called with the object lock held. */
static void
append_row_locked (GstKlingLipsync * self, guint row, gboolean shown,
    GString * query)
{
  GParamSpec *spec = gst_kling_lipsync_get_pspec (allowed[row]);
  g_auto (GValue) value = G_VALUE_INIT;
  g_autofree gchar *text = NULL;

  g_value_init (&value, G_PARAM_SPEC_VALUE_TYPE (spec));
  if (shown)
    gst_kling_properties_get (&self->properties, allowed[row], &value);
  else
    gst_kling_properties_get_whole (&self->properties, allowed[row], &value);
  if (g_param_value_defaults (spec, &value))
    return;
  text = format_value (&value);
  g_string_append_printf (query, "%s%s=", query->len > 0 ? "&" : "",
      spec->name);
  g_string_append_uri_escaped (query, text, NULL, FALSE);
}

/* Called with the object lock held.
 *
 * Returns: (transfer full) (nullable): a link that says what the properties
 *   say */
static gchar *
format_properties_locked (GstKlingLipsync * self, gboolean shown)
{
  g_autoptr (GString) query = g_string_new (NULL);

  /* whatever else is set, this is what is played */
  if (self->properties.task_id)
    return format_task (self->properties.task_id);
  for (guint i = TASK_ROW + 1; i < N_ALLOWED; i++)
    append_row_locked (self, i, shown, query);
  return query->len > 0 ? g_strconcat (PREFIX "?", query->str, NULL) : NULL;
}

/* Returns: (transfer full) (nullable): the link of @self, or to its task */
static gchar *
dup_uri (GstKlingLipsync * self, gboolean shown)
{
  gchar *uri = NULL;

  GST_OBJECT_LOCK (self);
  if (self->properties.from_link)
    uri = format_properties_locked (self, shown);
  else if (self->current_task_id)
    uri = format_task (self->current_task_id);
  GST_OBJECT_UNLOCK (self);
  return uri;
}

/**
 * gst_kling_uri_dup_shown:
 * @self: the element
 *
 * For strangers: never a URL with a signature in it.
 *
 * Returns: (transfer full) (nullable): a link that stands for what @self plays,
 *   %NULL when there is none yet
 */
gchar *
gst_kling_uri_dup_shown (GstKlingLipsync * self)
{
  return dup_uri (self, TRUE);
}

/* ---- the interface ---- */

static GstURIType
gst_kling_uri_get_type (GType type)
{
  return GST_URI_SRC;
}

static const gchar *const *
gst_kling_uri_get_protocols (GType type)
{
  static const gchar *const protocols[] = { GST_KLING_URI_PROTOCOL, NULL };

  return protocols;
}

static gchar *
gst_kling_uri_get_uri (GstURIHandler * handler)
{
  return dup_uri (GST_KLING_LIPSYNC (handler), FALSE);
}

/* What is played or on the way there is not changed under it. */
static gboolean
check_state (GstKlingLipsync * self, GError ** error)
{
  GST_OBJECT_LOCK (self);
  gboolean good = MAX (GST_STATE (self), GST_STATE_NEXT (self))
      <= GST_STATE_READY;
  GST_OBJECT_UNLOCK (self);

  if (!good)
    g_set_error_literal (error, GST_URI_ERROR, GST_URI_ERROR_BAD_STATE,
        "The link can be set in the states NULL and READY only.");
  return good;
}

static gboolean
gst_kling_uri_set_uri (GstURIHandler * handler, const gchar * uri,
    GError ** error)
{
  GstKlingLipsync *self = GST_KLING_LIPSYNC (handler);
  g_auto (Link) link = { 0 };

  if (!check_state (self, error) || !link_parse (&link, uri, error))
    return FALSE;
  link_apply (&link, self);
  return TRUE;
}

/* A #GInterfaceInitFunc */
void
gst_kling_uri_handler_init (gpointer iface, gpointer data)
{
  GstURIHandlerInterface *handler = iface;

  handler->get_type = gst_kling_uri_get_type;
  handler->get_protocols = gst_kling_uri_get_protocols;
  handler->get_uri = gst_kling_uri_get_uri;
  handler->set_uri = gst_kling_uri_set_uri;
}
