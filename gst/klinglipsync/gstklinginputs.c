/* klinglipsync: the sink pads, all of them together
 *
 * They come on request and may come late: behind a decodebin that is in PAUSED.
 * Each collects for itself (gstklingpads.c, gstklingcollect.c); here is what
 * the element wants to know of all: whether they have ended, what they will
 * have brought, and then what it is.
 *
 * Functions called ..._locked need the element's lock; what is read of a pad's
 * GstKlingInputPad besides its collection is guarded by it. The list of pads is
 * guarded by the object lock.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "gstklinginputs.h"

#include "gstklinglipsyncprivate.h"
#include "gstklingmessages.h"
#include "gstklingpads.h"
#include "kling-clock.h"
#include "kling-dialect.h"

GST_DEBUG_CATEGORY_EXTERN (gst_kling_lipsync_debug);
#define GST_CAT_DEFAULT gst_kling_lipsync_debug

#define FILE_CAPS "video/quicktime"

/* Any samples; what the service takes, as a stream or as a file; and files with
 * pictures, which are refused in words. Files without caps fit anyway. */
static GstStaticPadTemplate audio_template = GST_STATIC_PAD_TEMPLATE ("audio",
    GST_PAD_SINK, GST_PAD_REQUEST,
    GST_STATIC_CAPS ("audio/x-raw; "
        "audio/mpeg, mpegversion = (int) 1, layer = (int) 3; "
        "audio/mpeg, mpegversion = (int) { 2, 4 },"
        " stream-format = (string) adts; "
        "audio/x-wav; audio/x-m4a; application/x-id3; " FILE_CAPS));

static GstStaticPadTemplate video_template = GST_STATIC_PAD_TEMPLATE ("video",
    GST_PAD_SINK, GST_PAD_REQUEST, GST_STATIC_CAPS (FILE_CAPS));

static GstStaticPadTemplate text_template = GST_STATIC_PAD_TEMPLATE ("text",
    GST_PAD_SINK, GST_PAD_REQUEST,
    GST_STATIC_CAPS ("text/x-raw, format = (string) { utf8, pango-markup }"));

/* The first is what "... ! klinglipsync" links to. */
static GstStaticPadTemplate *const templates[] = {
  [GST_KLING_INPUT_AUDIO] = &audio_template,
  [GST_KLING_INPUT_VIDEO] = &video_template,
  [GST_KLING_INPUT_TEXT] = &text_template,
};

void
gst_kling_inputs_install (GstElementClass * klass)
{
  for (guint i = 0; i < G_N_ELEMENTS (templates); i++)
    gst_element_class_add_static_pad_template (klass, templates[i]);
}

/* Returns: (transfer full): our sink pads as they are now. We are a bin, and
 * somebody may have added one from outside. */
static GList *
gst_kling_inputs_list (GstKlingLipsync * self)
{
  GList *pads = NULL;

  GST_OBJECT_LOCK (self);
  for (GList * l = GST_ELEMENT (self)->sinkpads; l; l = l->next) {
    if (gst_kling_pads_get_input (l->data))
      pads = g_list_prepend (pads, gst_object_ref (l->data));
  }
  GST_OBJECT_UNLOCK (self);
  return g_list_reverse (pads);
}

typedef GList PadList;

static void
pad_list_free (PadList * pads)
{
  g_list_free_full (pads, gst_object_unref);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PadList, pad_list_free);

static const KlingLimits *
gst_kling_inputs_get_limits (GstKlingLipsync * self)
{
  GST_OBJECT_LOCK (self);
  KlingDialectId dialect = (KlingDialectId) self->properties.dialect;
  GST_OBJECT_UNLOCK (self);
  return &kling_dialect_get (dialect)->limits;
}

/* ---- what they will have brought ---- */

static void
announce (KlingRequest * request, GstKlingInput input)
{
  switch (input) {
    case GST_KLING_INPUT_AUDIO:
      request->audio = kling_media_new_awaited (KLING_MEDIA_AUDIO);
      break;
    case GST_KLING_INPUT_VIDEO:
      request->video = kling_media_new_awaited (KLING_MEDIA_VIDEO);
      break;
    case GST_KLING_INPUT_TEXT:
      request->cues = g_strdup ("");
      break;
  }
}

/* Puts something into @request for each sink pad, in the place of what it is
 * going to bring. */
void
gst_kling_inputs_announce (GstKlingLipsync * self, KlingRequest * request)
{
  g_autoptr (PadList) pads = gst_kling_inputs_list (self);

  for (GList * l = pads; l; l = l->next)
    announce (request, gst_kling_pads_get_input (l->data)->input);
}

static gint
compare_ended (gconstpointer a, gconstpointer b)
{
  return gst_kling_pads_get_input ((GstPad *) b)->ended
      - gst_kling_pads_get_input ((GstPad *) a)->ended;
}

/**
 * gst_kling_inputs_take_locked:
 * @self: the element
 *
 * Returns: (transfer full) (element-type GstKlingCollect): what has come to the
 *   sink pads that there are now, which take no more
 */
GPtrArray *
gst_kling_inputs_take_locked (GstKlingLipsync * self)
{
  GPtrArray *taken = g_ptr_array_new_with_free_func
      ((GDestroyNotify) gst_kling_collect_free);
  g_autoptr (PadList) pads = gst_kling_inputs_list (self);

  /* one that has ended with nothing may be why the others are not waited for */
  pads = g_list_sort (pads, compare_ended);
  for (GList * l = pads; l; l = l->next)
    g_ptr_array_add (taken, gst_kling_collect_take
        (gst_kling_pads_get_input (l->data)->collect));
  return taken;
}

static gboolean
fill (GstKlingCollect * collect, KlingRequest * request, GPtrArray * warnings,
    GError ** error)
{
  switch (gst_kling_collect_get_input (collect)) {
    case GST_KLING_INPUT_AUDIO:
      request->audio = gst_kling_collect_finish_media (collect, warnings,
          error);
      return request->audio != NULL;
    case GST_KLING_INPUT_VIDEO:
      request->video = gst_kling_collect_finish_media (collect, warnings,
          error);
      return request->video != NULL;
    case GST_KLING_INPUT_TEXT:
      request->cues = gst_kling_collect_finish_text (collect, error);
      return request->cues != NULL;
  }
  g_assert_not_reached ();
}

/**
 * gst_kling_inputs_fill:
 * @taken: from gst_kling_inputs_take_locked()
 * @request: a request without input from pads
 * @warnings: sentences are appended
 * @error: return location for a #KlingError
 *
 * Puts into @request what has come. On any thread; this may take a second.
 *
 * Returns: %FALSE when one of them has brought nothing of use
 */
gboolean
gst_kling_inputs_fill (GPtrArray * taken, KlingRequest * request,
    GPtrArray * warnings, GError ** error)
{
  for (guint i = 0; i < taken->len; i++) {
    if (!fill (taken->pdata[i], request, warnings, error))
      return FALSE;
  }
  return TRUE;
}

/* ---- whether they have ended ---- */

/* Returns: (transfer full) (nullable): the names of those that have not */
gchar *
gst_kling_inputs_describe_open_locked (GstKlingLipsync * self)
{
  g_autoptr (PadList) pads = gst_kling_inputs_list (self);
  GString *names = g_string_new (NULL);

  for (GList * l = pads; l; l = l->next) {
    if (!gst_kling_pads_get_input (l->data)->ended)
      g_string_append_printf (names, "%s%s", names->len ? " and " : "",
          GST_PAD_NAME (l->data));
  }
  return g_string_free (names, names->len == 0);
}

gboolean
gst_kling_inputs_are_there (GstKlingLipsync * self)
{
  g_autoptr (PadList) pads = gst_kling_inputs_list (self);

  return pads != NULL;
}

/* Whether one has ended with nothing: waiting for the others cannot help. */
gboolean
gst_kling_inputs_have_failed_locked (GstKlingLipsync * self)
{
  g_autoptr (PadList) pads = gst_kling_inputs_list (self);

  for (GList * l = pads; l; l = l->next) {
    GstKlingInputPad *pad = gst_kling_pads_get_input (l->data);

    if (pad->ended && gst_kling_collect_is_empty (pad->collect))
      return TRUE;
  }
  return FALSE;
}

/* A direct EOS: what has come up to now is all. */
void
gst_kling_inputs_end_locked (GstKlingLipsync * self)
{
  g_autoptr (PadList) pads = gst_kling_inputs_list (self);

  for (GList * l = pads; l; l = l->next)
    gst_kling_pads_get_input (l->data)->ended = TRUE;
}

/* Forgets what has come: a new activation begins, or one has ended. */
void
gst_kling_inputs_reset_locked (GstKlingLipsync * self)
{
  const KlingLimits *limits = gst_kling_inputs_get_limits (self);
  g_autoptr (PadList) pads = gst_kling_inputs_list (self);

  for (GList * l = pads; l; l = l->next) {
    GstKlingInputPad *pad = gst_kling_pads_get_input (l->data);

    pad->ended = FALSE;
    gst_kling_collect_reset (pad->collect, limits);
  }
}

/* ---- coming and going ---- */

static GstKlingInput
get_input (GstPadTemplate * template)
{
  for (guint i = 0; i < G_N_ELEMENTS (templates); i++) {
    if (g_strcmp0 (templates[i]->name_template,
            GST_PAD_TEMPLATE_NAME_TEMPLATE (template)) == 0)
      return i;
  }
  g_assert_not_reached ();
}

/* In NULL everything may still change, and is checked on the way to READY. Later
 * a pad that contradicts what is set is refused at once, and said why: whoever
 * links it, a decodebin mostly, has nobody else to tell. */
static gboolean
gst_kling_inputs_may_come (GstKlingLipsync * self, GstKlingInput input)
{
  g_autoptr (KlingRequest) request = NULL;
  g_auto (KlingDetails) details = { 0 };
  g_autoptr (GError) error = NULL;

  if (GST_STATE (self) == GST_STATE_NULL)
    return TRUE;
  request = gst_kling_lipsync_make_request (self);
  gst_kling_inputs_announce (self, request);
  announce (request, input);
  if (!gst_kling_lipsync_check_inputs (self, request, &error)) {
    gst_kling_post_error (GST_ELEMENT (self), error, &details);
    return FALSE;
  }
  if (!gst_kling_lipsync_is_closed (self))
    return TRUE;
  GST_WARNING_OBJECT (self, "no pad is added once the job has started");
  return FALSE;
}

/* With a sink pad we are no source for those who look for one: gst-launch-1.0
 * -e sends EOS to sources, and it must reach the microphone, not us. */
static void
gst_kling_inputs_update_source_flag (GstKlingLipsync * self)
{
  GST_OBJECT_LOCK (self);
  if (GST_ELEMENT (self)->numsinkpads > 0)
    GST_OBJECT_FLAG_UNSET (self, GST_ELEMENT_FLAG_SOURCE);
  else
    GST_OBJECT_FLAG_SET (self, GST_ELEMENT_FLAG_SOURCE);
  GST_OBJECT_UNLOCK (self);
}

/* The src pad task looks anew what it waits for. */
static void
gst_kling_inputs_changed (GstKlingLipsync * self)
{
  gst_kling_inputs_update_source_flag (self);
  g_mutex_lock (&self->lock);
  self->heard_at = kling_clock_now ();
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);
}

/**
 * gst_kling_inputs_request_pad:
 * @self: the element
 * @template: one of its templates
 *
 * Returns: (transfer none) (nullable): the pad, %NULL when there is one already
 *   or there cannot be one
 */
GstPad *
gst_kling_inputs_request_pad (GstKlingLipsync * self, GstPadTemplate * template)
{
  GstKlingInput input = get_input (template);
  g_autoptr (GstPad) there = gst_element_get_static_pad (GST_ELEMENT (self),
      templates[input]->name_template);
  GstPad *pad;

  if (there) {
    GST_WARNING_OBJECT (self, "there is a pad %s already",
        GST_PAD_NAME (there));
    return NULL;
  }
  if (!gst_kling_inputs_may_come (self, input))
    return NULL;
  pad = gst_kling_pads_new_sink (template, input,
      gst_kling_inputs_get_limits (self));
  if (GST_STATE (self) > GST_STATE_READY)
    gst_pad_set_active (pad, TRUE);
  if (!gst_element_add_pad (GST_ELEMENT (self), pad))
    return NULL;
  gst_kling_inputs_changed (self);
  return pad;
}

void
gst_kling_inputs_release_pad (GstKlingLipsync * self, GstPad * pad)
{
  gst_pad_set_active (pad, FALSE);
  gst_element_remove_pad (GST_ELEMENT (self), pad);
  gst_kling_inputs_changed (self);
}
