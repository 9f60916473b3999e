/* klinglipsync: makes a face speak
 *
 * Copyright (C) 2026 The klinglipsync developers
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/**
 * SECTION:element-klinglipsync
 * @title: klinglipsync
 *
 * klinglipsync makes the face in a video say a sentence, or a recording that
 * comes to its pad audio. It asks a Kling lip-sync service for it, waits, and
 * then behaves like a file source: the finished MP4 comes out of its src pad,
 * untouched, seekable, with a known size.
 *
 * Every video that the service makes costs money and takes minutes. The element
 * asks for it in PAUSED, when it has been told who speaks and what is said, all
 * of its sink pads have had their EOS, and its src pad is linked.
 *
 * The same request is not paid for twice. What is asked is written down before
 * it is asked, and finished videos are kept, in the directory that
 * #GstKlingLipsync:store names: whoever asks for the same again, this element or
 * another, in this process or a later one, waits for the running task or plays
 * the finished one. #GstKlingLipsync:take asks for another video of the same
 * thing. When a process was killed in the middle of the call that costs, and the
 * service cannot tell what came of it, the next run ends with an error that says
 * what was sent, and #GstKlingLipsync:task-id or #GstKlingLipsync:take is the
 * answer to it.
 *
 * ## Example launch lines
 *
 * |[
 * gst-launch-1.0 klinglipsync video-url=https://example.com/face.mp4 \
 *     text="Good evening." voice-id=oversea_male1 voice-language=en ! \
 *     filesink location=out.mp4
 * ]|
 * Writes the finished video to a file. The key of the account comes from the
 * environment variable KLING_API_KEY. This asks the service for one video.
 *
 * |[
 * gst-launch-1.0 klinglipsync session-id=850508686686064678 \
 *     audio-url=https://example.com/speech.mp3 ! decodebin ! autovideosink
 * ]|
 * Shows a face, whose session is known from before, speaking a recording.
 *
 * |[
 * gst-launch-1.0 filesrc location=speech.wav ! \
 *     klinglipsync video-url=https://example.com/face.mp4 \
 *     upload="https://my.host/dir/{name}" ! filesink location=out.mp4
 * ]|
 * Uploads a recording to a place from which the service can read it, and lets
 * the face speak it.
 *
 * |[
 * gst-launch-1.0 klinglipsync task-id=850508686686064678 ! \
 *     filesink location=out.mp4
 * ]|
 * Writes the video of a task that was bought before. This costs nothing.
 *
 * Since: klinglipsync 0.1
 */

/* Threads
 *
 * application    properties, pads, state changes, queries, send_event()
 * upstream       events and buffers of the sink pads, one thread per pad
 *                (gstklingpads.c)
 * src pad task   gst_kling_lipsync_obtain_result(), called by the child: decides
 *                that the job starts, waits for it, and posts what it tells
 *                (gstklingwait.c)
 * job            runs in gst/kling, holds no reference to the element and never
 *                calls it
 *
 * Locks
 *
 * self->lock with self->cond guards the fields marked so in
 * gstklinglipsyncprivate.h, and whether a sink pad has ended. The object lock
 * guards the properties and the list of pads. What a sink pad has collected has
 * a lock of its own. Who holds self->lock may take the object lock, a
 * collection's or the job's, never the other way round. None is held while
 * posting, pushing, notifying or calling out. self->progress_open and
 * self->failed need none: they belong to the src pad task, and to
 * change_state() once that task has ended.
 *
 * State changes never wait for the network, nor for the job.
 */

#include "gstklinglipsyncprivate.h"

#include "gstklinginputs.h"
#include "gstklingmessages.h"
#include "gstklingresultsrc.h"
#include "gstklinguri.h"
#include "kling-log.h"

GST_DEBUG_CATEGORY (gst_kling_lipsync_debug);
#define GST_CAT_DEFAULT gst_kling_lipsync_debug

static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src",
    GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS (GST_KLING_RESULT_CAPS));

static GParamSpec *pspecs[N_PROPERTIES];

enum
{
  SIGNAL_SELECT_FACE,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_TYPE_WITH_CODE (GstKlingLipsync, gst_kling_lipsync, GST_TYPE_BIN,
    G_IMPLEMENT_INTERFACE (GST_TYPE_URI_HANDLER, gst_kling_uri_handler_init);
    GST_DEBUG_CATEGORY_INIT (gst_kling_lipsync_debug, "klinglipsync", 0,
        "Kling lip-sync"));
GST_ELEMENT_REGISTER_DEFINE (klinglipsync, "klinglipsync", GST_RANK_NONE,
    GST_TYPE_KLING_LIPSYNC);

/* ---- properties that tell ---- */

void
gst_kling_lipsync_set_status (GstKlingLipsync * self,
    GstKlingLipsyncStatus status)
{
  gboolean changed;

  GST_OBJECT_LOCK (self);
  changed = self->status != status;
  self->status = status;
  GST_OBJECT_UNLOCK (self);
  if (changed)
    g_object_notify_by_pspec (G_OBJECT (self), pspecs[PROP_STATUS]);
}

/* @task_id: (nullable): keeps the last one when %NULL */
void
gst_kling_lipsync_set_task_id (GstKlingLipsync * self, const gchar * task_id)
{
  if (task_id == NULL)
    return;

  GST_OBJECT_LOCK (self);
  gboolean changed = g_strcmp0 (task_id, self->current_task_id) != 0;

  if (changed) {
    g_free (self->current_task_id);
    self->current_task_id = g_strdup (task_id);
  }
  GST_OBJECT_UNLOCK (self);
  if (changed)
    g_object_notify_by_pspec (G_OBJECT (self), pspecs[PROP_CURRENT_TASK_ID]);
}

/* @location: (nullable): where the video that is being read out is kept */
void
gst_kling_lipsync_set_result_location (GstKlingLipsync * self,
    const gchar * location)
{
  GST_OBJECT_LOCK (self);
  gboolean changed = g_strcmp0 (location, self->result_location) != 0;

  g_free (self->result_location);
  self->result_location = g_strdup (location);
  GST_OBJECT_UNLOCK (self);
  if (changed)
    g_object_notify_by_pspec (G_OBJECT (self), pspecs[PROP_RESULT_LOCATION]);
}

/* Returns: (transfer none): the specification of the property @id */
GParamSpec *
gst_kling_lipsync_get_pspec (guint id)
{
  return pspecs[id];
}

/* @faces: (transfer full): klinglipsync-faces
 *
 * Returns: (transfer full) (nullable): the face that the application has chosen */
gchar *
gst_kling_lipsync_select_face (GstKlingLipsync * self, GstStructure * faces)
{
  gchar *face_id = NULL;

  g_signal_emit (self, signals[SIGNAL_SELECT_FACE], 0, faces, &face_id);
  gst_structure_free (faces);
  return face_id;
}

/* The first handler that chooses is the one that has chosen. */
static gboolean
take_first_string (GSignalInvocationHint * hint, GValue * result,
    const GValue * answer, gpointer data)
{
  if (g_value_get_string (answer) == NULL)
    return TRUE;
  g_value_copy (answer, result);
  return FALSE;
}

/* @source: (transfer full) (nullable): where the key was found */
void
gst_kling_lipsync_set_credentials_source (GstKlingLipsync * self,
    gchar * source)
{
  GST_OBJECT_LOCK (self);
  gboolean changed = g_strcmp0 (source, self->credentials_source) != 0;

  g_free (self->credentials_source);
  self->credentials_source = source;
  GST_OBJECT_UNLOCK (self);
  if (changed)
    g_object_notify_by_pspec (G_OBJECT (self), pspecs[PROP_CREDENTIALS_SOURCE]);
}

static void
gst_kling_lipsync_set_property (GObject * object, guint id,
    const GValue * value, GParamSpec * pspec)
{
  GstKlingLipsync *self = GST_KLING_LIPSYNC (object);
  gboolean known;

  GST_OBJECT_LOCK (self);
  known = gst_kling_properties_set (&self->properties, id, value);
  GST_OBJECT_UNLOCK (self);
  if (!known)
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

/* Called with the object lock held. */
static gboolean
gst_kling_lipsync_get_own_property (GstKlingLipsync * self, guint id,
    GValue * value)
{
  switch (id) {
    case PROP_CREDENTIALS_SOURCE:
      g_value_set_string (value, self->credentials_source);
      return TRUE;
    case PROP_STATUS:
      g_value_set_enum (value, self->status);
      return TRUE;
    case PROP_CURRENT_TASK_ID:
      g_value_set_string (value, self->current_task_id);
      return TRUE;
    case PROP_RESULT_LOCATION:
      g_value_set_string (value, self->result_location);
      return TRUE;
    default:
      return FALSE;
  }
}

static void
gst_kling_lipsync_get_property (GObject * object, guint id, GValue * value,
    GParamSpec * pspec)
{
  GstKlingLipsync *self = GST_KLING_LIPSYNC (object);
  gboolean known;

  GST_OBJECT_LOCK (self);
  known = gst_kling_lipsync_get_own_property (self, id, value)
      || gst_kling_properties_get (&self->properties, id, value);
  GST_OBJECT_UNLOCK (self);
  if (!known)
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

/* ---- sink pads: see gstklinginputs.c ---- */

static GstPad *
gst_kling_lipsync_request_new_pad (GstElement * element,
    GstPadTemplate * template, const gchar * name, const GstCaps * caps)
{
  return gst_kling_inputs_request_pad (GST_KLING_LIPSYNC (element), template);
}

static void
gst_kling_lipsync_release_pad (GstElement * element, GstPad * pad)
{
  gst_kling_inputs_release_pad (GST_KLING_LIPSYNC (element), pad);
}

/* ---- EOS from the application ---- */

/* Returns: whether it is ours; otherwise the child ends the stream. */
static gboolean
gst_kling_lipsync_take_eos (GstKlingLipsync * self)
{
  gboolean has_inputs = !GST_OBJECT_FLAG_IS_SET (self,
      GST_ELEMENT_FLAG_SOURCE);
  gboolean taken = TRUE;

  g_mutex_lock (&self->lock);
  if (self->delivered) {
    taken = FALSE;
  } else if (!has_inputs) {
    self->abandoned = TRUE;
    if (self->job)
      kling_job_interrupt (self->job, TRUE);
  } else if (!self->closed) {
    /* what has been recorded up to now is what is said */
    gst_kling_inputs_end_locked (self);
  }
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);
  return taken;
}

static gboolean
gst_kling_lipsync_send_event (GstElement * element, GstEvent * event)
{
  GstKlingLipsync *self = GST_KLING_LIPSYNC (element);

  if (GST_EVENT_TYPE (event) != GST_EVENT_EOS)
    return GST_ELEMENT_CLASS (gst_kling_lipsync_parent_class)->send_event
        (element, event);
  GST_INFO_OBJECT (self, "EOS from the application");
  if (!gst_kling_lipsync_take_eos (self))
    return gst_element_send_event (self->source, event);
  gst_event_unref (event);
  return TRUE;
}

/* ---- states and messages ---- */

/* GstBaseSrc posts a general error after each of ours or of the child's. One is
 * enough. */
static void
gst_kling_lipsync_handle_message (GstBin * bin, GstMessage * message)
{
  GstKlingLipsync *self = GST_KLING_LIPSYNC (bin);

  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR) {
    if (self->failed) {
      gst_message_unref (message);
      return;
    }
    self->failed = TRUE;
  }
  GST_BIN_CLASS (gst_kling_lipsync_parent_class)->handle_message (bin, message);
}

static gboolean
gst_kling_lipsync_open (GstKlingLipsync * self)
{
  g_auto (KlingDetails) details = { 0 };
  g_autoptr (GError) error = NULL;

  if (gst_kling_lipsync_check_offline (self, &error))
    return TRUE;
  gst_kling_post_error (GST_ELEMENT (self), error, &details);
  return FALSE;
}

static void
gst_kling_lipsync_clear_input_locked (GstKlingLipsync * self)
{
  self->closed = FALSE;
  g_clear_error (&self->input_error);
  g_clear_pointer (&self->inputs, g_ptr_array_unref);
  gst_kling_inputs_reset_locked (self);
}

/* READY->PAUSED: a new activation. What is known of earlier ones is in the
 * journal. */
static void
gst_kling_lipsync_reset (GstKlingLipsync * self)
{
  self->failed = FALSE;
  g_mutex_lock (&self->lock);
  self->activated_at = g_get_monotonic_time ();
  self->flushing = FALSE;
  self->abandoned = FALSE;
  self->delivered = FALSE;
  gst_kling_lipsync_clear_input_locked (self);
  g_mutex_unlock (&self->lock);
  gst_kling_lipsync_set_status (self, GST_KLING_LIPSYNC_STATUS_IDLE);
}

/* A job that was stopped leaves what nobody else will speak of. */
static void
gst_kling_lipsync_warn_of_rest (GstKlingLipsync * self, const gchar * task_id,
    const gchar * leftovers)
{
  if (task_id)
    GST_ELEMENT_WARNING (self, RESOURCE, FAILED,
        ("Stopped, but task %s was bought and goes on at the service. Start"
            " again with the same settings to have its video.", task_id),
        (NULL));
  if (leftovers)
    GST_ELEMENT_WARNING (self, RESOURCE, FAILED,
        ("Stopped, and left behind: %s. Start again with the same settings, or"
            " remove it by hand when no task needs it.", leftovers), (NULL));
}

/* Lets go of the job without waiting for it. The task of the src pad has ended
 * when this is called, so nothing follows the CANCELED. */
static void
gst_kling_lipsync_detach (GstKlingLipsync * self)
{
  g_autofree gchar *task_id = NULL;
  g_autofree gchar *leftovers = NULL;
  KlingJob *job;

  g_mutex_lock (&self->lock);
  job = g_steal_pointer (&self->job);
  self->delivered = FALSE;
  gst_kling_lipsync_clear_input_locked (self);
  g_mutex_unlock (&self->lock);

  if (job) {
    task_id = kling_job_dup_task_id (job);
    leftovers = kling_job_dup_leftovers (job);
    kling_job_stop (job);
    kling_job_unref (job);
  }
  gst_kling_lipsync_set_task_id (self, task_id);
  gst_kling_lipsync_set_result_location (self, NULL);
  if (self->progress_open)
    gst_kling_lipsync_warn_of_rest (self, task_id, leftovers);
  gst_kling_lipsync_close_progress (self, GST_PROGRESS_TYPE_CANCELED,
      "Stopped.");
  gst_kling_lipsync_set_status (self, GST_KLING_LIPSYNC_STATUS_IDLE);
}

static GstStateChangeReturn
gst_kling_lipsync_change_state (GstElement * element, GstStateChange transition)
{
  GstKlingLipsync *self = GST_KLING_LIPSYNC (element);
  GstStateChangeReturn ret;

  if (transition == GST_STATE_CHANGE_NULL_TO_READY
      && !gst_kling_lipsync_open (self))
    return GST_STATE_CHANGE_FAILURE;
  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED)
    gst_kling_lipsync_reset (self);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_PLAYING
      || transition == GST_STATE_CHANGE_PLAYING_TO_PAUSED)
    gst_kling_lipsync_set_playing (self,
        transition == GST_STATE_CHANGE_PAUSED_TO_PLAYING);

  ret = GST_ELEMENT_CLASS (gst_kling_lipsync_parent_class)->change_state
      (element, transition);

  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED
      && ret == GST_STATE_CHANGE_FAILURE) {
    /* the child may be running already, and nobody else will stop it */
    gst_element_set_state (self->source, GST_STATE_READY);
    gst_kling_lipsync_detach (self);
  }
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY)
    gst_kling_lipsync_detach (self);
  return ret;
}

/* ---- object ---- */

/* The child may outlive us, in a message that somebody keeps. */
static void
gst_kling_lipsync_dispose (GObject * object)
{
  GstKlingLipsync *self = GST_KLING_LIPSYNC (object);

  if (self->source)
    gst_kling_result_src_disown (GST_KLING_RESULT_SRC (self->source));
  gst_clear_object (&self->source);
  G_OBJECT_CLASS (gst_kling_lipsync_parent_class)->dispose (object);
}

static void
gst_kling_lipsync_finalize (GObject * object)
{
  GstKlingLipsync *self = GST_KLING_LIPSYNC (object);

  gst_kling_properties_clear (&self->properties);
  g_free (self->credentials_source);
  g_free (self->current_task_id);
  g_free (self->result_location);
  g_clear_error (&self->input_error);
  g_clear_pointer (&self->inputs, g_ptr_array_unref);
  kling_journal_unref (self->journal);
  g_cond_clear (&self->cond);
  g_mutex_clear (&self->lock);
  kling_log_detach ();
  G_OBJECT_CLASS (gst_kling_lipsync_parent_class)->finalize (object);
}

static void
install_signals (GstKlingLipsyncClass * klass)
{
  /**
   * GstKlingLipsync::select-face:
   * @element: the element
   * @faces: klinglipsync-faces, as the message has it, but with the whole URLs of
   *   the pictures, which may expire within minutes
   *
   * Emitted when several faces were found and #GstKlingLipsync:face-id is unset,
   * in the dialects that can choose (official, relay): before the call that
   * costs, and once for a source video. The handler runs on a streaming thread
   * and may take its time, to ask a person for example; while it does, a state
   * change to READY or NULL waits for it.
   *
   * Returns: (nullable): the face-id of the face that speaks, or %NULL for the one
   *   that is seen longest
   *
   * Since: klinglipsync 0.1
   */
  signals[SIGNAL_SELECT_FACE] = g_signal_new ("select-face",
      G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, take_first_string, NULL,
      NULL, G_TYPE_STRING, 1, GST_TYPE_STRUCTURE | G_SIGNAL_TYPE_STATIC_SCOPE);
}

static void
gst_kling_lipsync_class_init (GstKlingLipsyncClass * klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstBinClass *bin_class = GST_BIN_CLASS (klass);

  object_class->set_property = gst_kling_lipsync_set_property;
  object_class->get_property = gst_kling_lipsync_get_property;
  object_class->dispose = gst_kling_lipsync_dispose;
  object_class->finalize = gst_kling_lipsync_finalize;
  gst_kling_properties_install (object_class, pspecs);
  install_signals (klass);

  element_class->change_state = gst_kling_lipsync_change_state;
  element_class->send_event = gst_kling_lipsync_send_event;
  element_class->request_new_pad = gst_kling_lipsync_request_new_pad;
  element_class->release_pad = gst_kling_lipsync_release_pad;
  bin_class->handle_message = gst_kling_lipsync_handle_message;

  gst_kling_inputs_install (element_class);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class, "Kling lip-sync",
      "Source/Network/Video",
      "Makes the face in a video say a text or a recording, by a Kling lip-sync"
      " service. Each video costs money and takes minutes",
      "The klinglipsync developers");
}

static void
gst_kling_lipsync_init (GstKlingLipsync * self)
{
  GstElementClass *element_class = GST_ELEMENT_GET_CLASS (self);
  g_autoptr (GstPad) target = NULL;

  kling_log_attach (gst_kling_log_line);
  g_mutex_init (&self->lock);
  g_cond_init (&self->cond);
  gst_kling_properties_init (&self->properties);
  self->journal = kling_journal_new ();

  self->source = gst_object_ref (gst_kling_result_src_new (self));
  gst_bin_add (GST_BIN (self), self->source);
  target = gst_element_get_static_pad (self->source, "src");
  self->srcpad = gst_ghost_pad_new_from_template ("src", target,
      gst_element_class_get_pad_template (element_class, "src"));
  gst_element_add_pad (GST_ELEMENT (self), self->srcpad);
}
