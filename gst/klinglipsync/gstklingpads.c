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

/* The default handler would send STREAM_START, SEGMENT and EOS to the src pad:
 * downstream would see the end before any job ran. */
static gboolean
gst_kling_sink_pad_event (GstPad * pad, GstObject * parent, GstEvent * event)
{
  GstKlingLipsync *self = GST_KLING_LIPSYNC (parent);

  GST_LOG_OBJECT (pad, "swallowed %" GST_PTR_FORMAT, event);
  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_EOS:
      gst_kling_lipsync_set_pad_ended (self, pad, TRUE);
      break;
    case GST_EVENT_STREAM_START:
    case GST_EVENT_FLUSH_STOP:
      gst_kling_lipsync_set_pad_ended (self, pad, FALSE);
      break;
    default:
      break;
  }
  gst_event_unref (event);
  return TRUE;
}

/* Never waits for the network. Once the job has started there is no use for
 * more: a seek of the application must not buy a second video. */
static GstFlowReturn
gst_kling_sink_pad_chain (GstPad * pad, GstObject * parent, GstBuffer * buffer)
{
  gst_buffer_unref (buffer);
  return gst_kling_lipsync_is_closed (GST_KLING_LIPSYNC (parent))
      ? GST_FLOW_EOS : GST_FLOW_OK;
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

/* Makes @pad, a sink pad of klinglipsync, one of these. */
void
gst_kling_pads_setup_sink (GstPad * pad)
{
  gst_pad_set_event_function (pad, gst_kling_sink_pad_event);
  gst_pad_set_query_function (pad, gst_kling_sink_pad_query);
  gst_pad_set_chain_function (pad, gst_kling_sink_pad_chain);
  gst_pad_set_iterate_internal_links_function (pad,
      gst_kling_sink_pad_iterate_internal_links);
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
