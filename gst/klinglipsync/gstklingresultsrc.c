/* klinglipsync: reads the result out
 *
 * The one private child of klinglipsync: a push source that waits until its
 * owner has a result and then reads the spool of it like a file, exact size and
 * byte seeks included. Seeks, segments, flushes and EOS are those of GstBaseSrc;
 * what is overridden here is what was seen to go wrong otherwise.
 *
 * create() runs on the task of the src pad. self->result is set there and
 * dropped in stop(), when that task has ended; queries read it from any thread,
 * so it is guarded by the object lock.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "gstklingresultsrc.h"
#include "gstklinguri.h"

GST_DEBUG_CATEGORY_EXTERN (gst_kling_lipsync_debug);
#define GST_CAT_DEFAULT gst_kling_lipsync_debug

/* More than 4 KiB, because a result is megabytes and each buffer costs a trip
 * through the pipeline. */
#define BLOCK_SIZE (256 * 1024)

struct _GstKlingResultSrc
{
  GstPushSrc parent;

  GstKlingLipsync *owner;       /* our parent; NULL once it is disposed of */
  KlingResult *result;          /* object lock */
};

static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src",
    GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS (GST_KLING_RESULT_CAPS));

G_DEFINE_TYPE (GstKlingResultSrc, gst_kling_result_src, GST_TYPE_PUSH_SRC);

/* Returns: (transfer full) (nullable): the result, once it is known */
static KlingResult *
gst_kling_result_src_ref_result (GstKlingResultSrc * self)
{
  KlingResult *result = NULL;

  GST_OBJECT_LOCK (self);
  if (self->result)
    result = kling_result_ref (self->result);
  GST_OBJECT_UNLOCK (self);
  return result;
}

static gboolean
gst_kling_result_src_get_size (GstBaseSrc * base, guint64 * size)
{
  g_autoptr (KlingResult) result =
      gst_kling_result_src_ref_result (GST_KLING_RESULT_SRC (base));

  if (result == NULL)
    return FALSE;
  *size = kling_spool_get_size (result->spool);
  return TRUE;
}

/* Late, but in time: demuxers ask when they have seen the first bytes. */
static gboolean
gst_kling_result_src_is_seekable (GstBaseSrc * base)
{
  guint64 size;

  return gst_kling_result_src_get_size (base, &size);
}

/* GstBaseSrc answers TRUE and -1 to any format while the size is unknown. That
 * hides the duration which a demuxer downstream would find out. */
static gboolean
gst_kling_result_src_query_duration (GstBaseSrc * base, GstQuery * query)
{
  GstFormat format;
  guint64 size;

  gst_query_parse_duration (query, &format, NULL);
  if (format != GST_FORMAT_BYTES
      || !gst_kling_result_src_get_size (base, &size))
    return FALSE;
  gst_query_set_duration (query, format, (gint64) size);
  return TRUE;
}

/* The URI handler is the owner. */
static gboolean
gst_kling_result_src_query_uri (GstBaseSrc * base, GstQuery * query)
{
  GstKlingResultSrc *self = GST_KLING_RESULT_SRC (base);
  g_autofree gchar *uri = self->owner
      ? gst_kling_uri_dup_shown (self->owner) : NULL;

  if (uri)
    gst_query_set_uri (query, uri);
  return uri != NULL;
}

static gboolean
gst_kling_result_src_query (GstBaseSrc * base, GstQuery * query)
{
  switch (GST_QUERY_TYPE (query)) {
    case GST_QUERY_DURATION:
      return gst_kling_result_src_query_duration (base, query);
    case GST_QUERY_URI:
      return gst_kling_result_src_query_uri (base, query);
    default:
      return GST_BASE_SRC_CLASS (gst_kling_result_src_parent_class)->query
          (base, query);
  }
}

/* Caps are promised in create(), when the bytes are known to keep the promise. */
static gboolean
gst_kling_result_src_negotiate (GstBaseSrc * base)
{
  return TRUE;
}

static gboolean
gst_kling_result_src_unlock (GstBaseSrc * base)
{
  GstKlingResultSrc *self = GST_KLING_RESULT_SRC (base);

  if (self->owner)
    gst_kling_lipsync_set_flushing (self->owner, TRUE);
  return TRUE;
}

static gboolean
gst_kling_result_src_unlock_stop (GstBaseSrc * base)
{
  GstKlingResultSrc *self = GST_KLING_RESULT_SRC (base);

  if (self->owner)
    gst_kling_lipsync_set_flushing (self->owner, FALSE);
  return TRUE;
}

static gboolean
gst_kling_result_src_stop (GstBaseSrc * base)
{
  GstKlingResultSrc *self = GST_KLING_RESULT_SRC (base);
  KlingResult *result;

  GST_OBJECT_LOCK (self);
  result = g_steal_pointer (&self->result);
  GST_OBJECT_UNLOCK (self);
  g_clear_pointer (&result, kling_result_unref);
  return TRUE;
}

/* Waits for the owner's job. The size becomes known late, so GstBaseSrc has to
 * be told: it answers SEEKING with it. */
static GstFlowReturn
gst_kling_result_src_await_result (GstKlingResultSrc * self)
{
  KlingResult *result = NULL;
  GstFlowReturn ret;

  if (self->owner == NULL)
    return GST_FLOW_FLUSHING;
  ret = gst_kling_lipsync_obtain_result (self->owner, &result);
  if (ret != GST_FLOW_OK)
    return ret;

  GST_OBJECT_LOCK (self);
  self->result = result;
  GST_BASE_SRC (self)->segment.duration = kling_spool_get_size (result->spool);
  GST_OBJECT_UNLOCK (self);
  gst_element_post_message (GST_ELEMENT (self),
      gst_message_new_duration_changed (GST_OBJECT (self)));
  return GST_FLOW_OK;
}

/* Says what the bytes are, now that it is known. It fails on a pad that was set
 * flushing meanwhile; then the next create() does it. */
static GstFlowReturn
gst_kling_result_src_promise_caps (GstKlingResultSrc * self)
{
  GstPad *pad = GST_BASE_SRC_PAD (self);
  g_autoptr (GstCaps) caps = NULL;

  if (gst_pad_has_current_caps (pad))
    return GST_FLOW_OK;
  caps = gst_static_pad_template_get_caps (&src_template);
  if (gst_base_src_set_caps (GST_BASE_SRC (self), caps))
    return GST_FLOW_OK;
  return GST_PAD_IS_FLUSHING (pad) ? GST_FLOW_FLUSHING
      : GST_FLOW_NOT_NEGOTIATED;
}

static GstFlowReturn
gst_kling_result_src_read (GstKlingResultSrc * self, KlingSpool * spool,
    guint64 offset, guint size, GstBuffer ** buffer)
{
  g_autoptr (GstBuffer) block = gst_buffer_new_allocate (NULL, size, NULL);
  g_autoptr (GError) error = NULL;
  GstMapInfo map;
  gssize n;

  if (block == NULL || !gst_buffer_map (block, &map, GST_MAP_WRITE))
    return GST_FLOW_ERROR;
  n = kling_spool_read (spool, offset, map.data, size, &error);
  gst_buffer_unmap (block, &map);
  if (n != (gssize) size) {
    GST_ELEMENT_ERROR (self, RESOURCE, READ,
        ("The local copy of the video cannot be read."),
        ("%s", error ? error->message : "it is shorter than it was"));
    return GST_FLOW_ERROR;
  }
  GST_BUFFER_OFFSET (block) = offset;
  GST_BUFFER_OFFSET_END (block) = offset + size;
  *buffer = g_steal_pointer (&block);
  return GST_FLOW_OK;
}

/* GstBaseSrc's create(), not GstPushSrc's: the offset comes with seeks and
 * segments applied, so that there is no position of our own to keep. */
static GstFlowReturn
gst_kling_result_src_create (GstBaseSrc * base, guint64 offset, guint length,
    GstBuffer ** buffer)
{
  GstKlingResultSrc *self = GST_KLING_RESULT_SRC (base);
  GstFlowReturn ret = GST_FLOW_OK;
  guint64 size;

  if (self->result == NULL)
    ret = gst_kling_result_src_await_result (self);
  if (ret == GST_FLOW_OK)
    ret = gst_kling_result_src_promise_caps (self);
  if (ret != GST_FLOW_OK)
    return ret;
  size = kling_spool_get_size (self->result->spool);
  if (offset >= size)
    return GST_FLOW_EOS;
  return gst_kling_result_src_read (self, self->result->spool, offset,
      (guint) MIN (length, size - offset), buffer);
}

static void
gst_kling_result_src_finalize (GObject * object)
{
  GstKlingResultSrc *self = GST_KLING_RESULT_SRC (object);

  g_clear_pointer (&self->result, kling_result_unref);
  G_OBJECT_CLASS (gst_kling_result_src_parent_class)->finalize (object);
}

static void
gst_kling_result_src_class_init (GstKlingResultSrcClass * klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstBaseSrcClass *base_class = GST_BASE_SRC_CLASS (klass);

  object_class->finalize = gst_kling_result_src_finalize;
  base_class->get_size = gst_kling_result_src_get_size;
  base_class->is_seekable = gst_kling_result_src_is_seekable;
  base_class->query = gst_kling_result_src_query;
  base_class->negotiate = gst_kling_result_src_negotiate;
  base_class->unlock = gst_kling_result_src_unlock;
  base_class->unlock_stop = gst_kling_result_src_unlock_stop;
  base_class->stop = gst_kling_result_src_stop;
  base_class->create = gst_kling_result_src_create;

  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class,
      "Kling lip-sync result reader", "Source/Video",
      "Reads the finished video of klinglipsync",
      "The klinglipsync developers");
}

static void
gst_kling_result_src_init (GstKlingResultSrc * self)
{
  gst_base_src_set_format (GST_BASE_SRC (self), GST_FORMAT_BYTES);
  gst_base_src_set_blocksize (GST_BASE_SRC (self), BLOCK_SIZE);
}

/* The owner is kept without a reference: it is our parent, and takes itself out
 * when it goes. */
GstElement *
gst_kling_result_src_new (GstKlingLipsync * owner)
{
  GstKlingResultSrc *self = g_object_new (GST_TYPE_KLING_RESULT_SRC,
      "name", "resultsrc", NULL);

  self->owner = owner;
  return GST_ELEMENT (self);
}

/* Called when the owner is disposed of, in NULL: no task runs any more. */
void
gst_kling_result_src_disown (GstKlingResultSrc * self)
{
  self->owner = NULL;
}
