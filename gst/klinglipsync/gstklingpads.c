/* klinglipsync: the element's pads
 *
 * Nothing of the sink pads crosses to the src pad: no event, no query, no link.
 * What comes out there is another stream, which begins when these have ended.
 *
 * On the upstream's streaming threads, one per pad; queries on any thread.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "gstklingpads.h"

#include "gstklinglipsync.h"

GST_DEBUG_CATEGORY_EXTERN (gst_kling_lipsync_debug);
#define GST_CAT_DEFAULT gst_kling_lipsync_debug

static GstFlowReturn
gst_kling_sink_pad_fail (GstPad * pad, GstKlingLipsync * self,
    const GError * error)
{
  GST_INFO_OBJECT (pad, "refused: %s", error->message);
  return gst_kling_lipsync_refuse_input (self, error);
}

/* Never waits for the network. Once the job has started there is no use for
 * more: a seek of the application must not buy a second video. */
static GstFlowReturn
gst_kling_sink_pad_chain (GstPad * pad, GstObject * parent, GstBuffer * buffer)
{
  GstKlingLipsync *self = GST_KLING_LIPSYNC (parent);
  g_autoptr (GstBuffer) owned = buffer;
  g_autoptr (GError) error = NULL;

  if (!gst_kling_lipsync_hear (self))
    return GST_FLOW_EOS;
  if (gst_kling_collect_buffer (gst_kling_pads_get_input (pad)->collect, owned,
          &error))
    return GST_FLOW_OK;
  return gst_kling_sink_pad_fail (pad, self, error);
}

static gboolean
upstream_is_live (GstPad * pad)
{
  g_autoptr (GstQuery) query = gst_query_new_latency ();
  gboolean live = FALSE;

  if (gst_pad_peer_query (pad, query))
    gst_query_parse_latency (query, &live, NULL, NULL);
  return live;
}

/* What an event says about the data that follows it */
static gboolean
take_note (GstPad * pad, GstKlingCollect * collect, GstEvent * event,
    GError ** error)
{
  const GstSegment *segment;
  GstClockTime timestamp, duration;
  GstCaps *caps;

  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_CAPS:
      gst_event_parse_caps (event, &caps);
      return gst_kling_collect_set_caps (collect, caps, error);
    case GST_EVENT_SEGMENT:
      gst_event_parse_segment (event, &segment);
      return gst_kling_collect_set_segment (collect, segment,
          upstream_is_live (pad), error);
    case GST_EVENT_GAP:
      gst_event_parse_gap (event, &timestamp, &duration);
      return gst_kling_collect_gap (collect, timestamp, duration, error);
    default:
      return TRUE;
  }
}

/* The default handler would send STREAM_START, SEGMENT and EOS to the src pad:
 * downstream would see the end before any job ran. */
static gboolean
gst_kling_sink_pad_event (GstPad * pad, GstObject * parent, GstEvent * event)
{
  GstKlingLipsync *self = GST_KLING_LIPSYNC (parent);
  g_autoptr (GstEvent) owned G_GNUC_UNUSED = event;
  g_autoptr (GError) error = NULL;

  GST_LOG_OBJECT (pad, "swallows %" GST_PTR_FORMAT, event);
  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_EOS:
      gst_kling_lipsync_end_input (self, pad);
      return TRUE;
    case GST_EVENT_STREAM_START:
      gst_kling_lipsync_restart_input (self, pad, FALSE);
      return TRUE;
    case GST_EVENT_FLUSH_STOP:
      gst_kling_lipsync_restart_input (self, pad, TRUE);
      return TRUE;
    default:
      break;
  }
  if (gst_kling_lipsync_is_closed (self)
      || take_note (pad, gst_kling_pads_get_input (pad)->collect, event,
          &error))
    return TRUE;
  gst_kling_sink_pad_fail (pad, self, error);
  return FALSE;
}

static gboolean
answer_caps (GstPad * pad, GstQuery * query)
{
  g_autoptr (GstCaps) caps = gst_pad_get_pad_template_caps (pad);
  GstCaps *filter;

  gst_query_parse_caps (query, &filter);
  if (filter) {
    g_autoptr (GstCaps) all = g_steal_pointer (&caps);

    caps = gst_caps_intersect_full (filter, all, GST_CAPS_INTERSECT_FIRST);
  }
  gst_query_set_caps_result (query, caps);
  return TRUE;
}

static gboolean
answer_accept_caps (GstPad * pad, GstQuery * query)
{
  g_autoptr (GstCaps) all = gst_pad_get_pad_template_caps (pad);
  GstCaps *caps;

  gst_query_parse_accept_caps (query, &caps);
  gst_query_set_accept_caps_result (query, gst_caps_is_subset (caps, all));
  return TRUE;
}

/* wavenc and mp4mux go back to their headers at the end, when they may. */
static gboolean
answer_seeking (GstQuery * query)
{
  GstFormat format;

  gst_query_parse_seeking (query, &format, NULL, NULL, NULL);
  if (format != GST_FORMAT_BYTES)
    return FALSE;
  gst_query_set_seeking (query, format, TRUE, 0, -1);
  return TRUE;
}

static gboolean
gst_kling_sink_pad_query (GstPad * pad, GstObject * parent, GstQuery * query)
{
  switch (GST_QUERY_TYPE (query)) {
    case GST_QUERY_CAPS:
      return answer_caps (pad, query);
    case GST_QUERY_ACCEPT_CAPS:
      return answer_accept_caps (pad, query);
    case GST_QUERY_SEEKING:
      return answer_seeking (query);
    default:
      return FALSE;
  }
}

static GstIterator *
gst_kling_sink_pad_iterate_internal_links (GstPad * pad, GstObject * parent)
{
  return NULL;
}

static GQuark
input_quark (void)
{
  return g_quark_from_static_string ("kling-input-pad");
}

static void
input_pad_free (GstKlingInputPad * input)
{
  gst_kling_collect_free (input->collect);
  g_free (input);
}

/* Returns: (transfer floating): a sink pad that collects what is for @input */
GstPad *
gst_kling_pads_new_sink (GstPadTemplate * template, GstKlingInput input,
    const KlingLimits * limits)
{
  GstPad *pad = gst_pad_new_from_template (template,
      GST_PAD_TEMPLATE_NAME_TEMPLATE (template));
  GstKlingInputPad *own = g_new0 (GstKlingInputPad, 1);

  own->input = input;
  own->collect = gst_kling_collect_new (input, limits);
  g_object_set_qdata_full (G_OBJECT (pad), input_quark (), own,
      (GDestroyNotify) input_pad_free);
  gst_pad_set_event_function (pad, gst_kling_sink_pad_event);
  gst_pad_set_query_function (pad, gst_kling_sink_pad_query);
  gst_pad_set_chain_function (pad, gst_kling_sink_pad_chain);
  gst_pad_set_iterate_internal_links_function (pad,
      gst_kling_sink_pad_iterate_internal_links);
  return pad;
}

/* Returns: (transfer none): what belongs to @pad, a sink pad of ours */
GstKlingInputPad *
gst_kling_pads_get_input (GstPad * pad)
{
  return g_object_get_qdata (G_OBJECT (pad), input_quark ());
}

/* Whether what comes out of @pad has somewhere to go. In a bin of the user's the
 * peer of our pad is the inside of a ghost pad, which need not lead anywhere. */
gboolean
gst_kling_pads_is_linked (GstPad * pad)
{
  GstPad *peer = gst_pad_get_peer (pad);

  while (peer && GST_IS_PROXY_PAD (peer) && !GST_IS_GHOST_PAD (peer)) {
    GstProxyPad *ghost = gst_proxy_pad_get_internal (GST_PROXY_PAD (peer));

    gst_object_unref (peer);
    peer = ghost ? gst_pad_get_peer (GST_PAD (ghost)) : NULL;
    gst_clear_object (&ghost);
  }
  if (peer == NULL)
    return FALSE;
  gst_object_unref (peer);
  return TRUE;
}
